"""The fixture that gives tests real Celery workers."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from cloudstack.celery import app
from cloudstack.framework.scheduler.models import ScheduledRun

pytestmark = pytest.mark.slow


def run_the_sweeper() -> None:
    app.send_task("scheduler.run", args=["jobs.sweep"], queue="jobs")


def wait_for_run(seconds: float = 15) -> ScheduledRun:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        run = ScheduledRun.objects.filter(name="jobs.sweep", finished__isnull=False).first()
        if run:
            return run
        time.sleep(0.05)
    raise AssertionError("the workers did not do it")


def test_real_workers_share_the_database_of_the_test(celery_worker_processes: Callable[..., list[Any]]) -> None:
    workers = celery_worker_processes(2)
    assert len({worker.pid for worker in workers} | {os.getpid()}) == 3
    run_the_sweeper()
    assert wait_for_run().error == ""


def test_a_killed_worker_is_gone_and_another_takes_the_message(
    celery_worker_processes: Callable[..., list[Any]],
) -> None:
    [first] = celery_worker_processes(1)
    first.kill()
    run_the_sweeper()
    time.sleep(0.5)
    assert not ScheduledRun.objects.exists()
    celery_worker_processes(1)
    assert wait_for_run().error == ""


def test_pool_processes_die_with_their_killed_parent(celery_worker_processes: Callable[..., list[Any]]) -> None:
    [worker] = celery_worker_processes(1, pool="prefork", concurrency=2)
    children = children_of(worker.pid)
    assert len(children) == 2
    worker.kill()
    deadline = time.monotonic() + 5
    while any(os.path.exists(f"/proc/{pid}") and not is_zombie(pid) for pid in children):
        assert time.monotonic() < deadline, "a pool process outlived its parent"
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
