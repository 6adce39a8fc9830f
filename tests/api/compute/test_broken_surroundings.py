"""Deployments with real worker processes while the broker forgets everything and workers are killed."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.db import connections

from apps.accounts.services.role_rules import forget_rules
from apps.compute.models import VirtualMachine
from cloudstack.framework.configuration import store
from cloudstack.framework.jobs import AsyncJob
from cloudstack.framework.jobs.bell import ring
from cloudstack.framework.jobs.sweep import sweep
from plugins.hypervisors.simulator import world
from tests.support.cloud import SimulatedCloud, build_cloud, check_invariants

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(300)]

MACHINES = 20
DEPLOYS = "compute.vm.deploy"


@pytest.fixture
def shared_cloud(broker: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedCloud]:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    forget_rules()
    store.forget()
    settings.JOB_BELL_ENABLED = False
    built = build_cloud()
    settings.JOB_BELL_ENABLED = True
    # So that there is a middle: each guest takes a while to start.
    world.inject("start", "wait:150", count=None)
    yield built
    forget_rules()
    store.forget()


def deploy_all(cloud: SimulatedCloud, settings: Any) -> None:
    """Store every deployment, then ring for all at once: whatever the machine's pace, there is a middle."""
    settings.JOB_BELL_ENABLED = False
    for _ in range(MACHINES):
        cloud.deploy()
    settings.JOB_BELL_ENABLED = True
    for job_id, queue in AsyncJob.objects.filter(name=DEPLOYS).order_by("id").values_list("pk", "queue"):
        ring(job_id, queue)


def deploys(**filters: Any) -> int:
    return AsyncJob.objects.filter(name=DEPLOYS, **filters).count()


def until(question: Callable[[], object], seconds: float, what: str, *, sweeping: bool = False) -> None:
    """Wait; with ``sweeping`` the sweeper runs now and then, as the beat would have it."""
    deadline = time.monotonic() + seconds
    last_sweep = time.monotonic()
    while not question():
        assert time.monotonic() < deadline, f"{what}: not in {seconds:.0f} s; {states()}"
        if sweeping and time.monotonic() - last_sweep > 1:
            sweep()
            last_sweep = time.monotonic()
        time.sleep(0.05)


def states() -> list[tuple[str, str, str]]:
    jobs = AsyncJob.objects.filter(name=DEPLOYS).exclude(status=AsyncJob.Status.SUCCEEDED)
    return list(jobs.values_list("status", "progress_text", "error_text"))


def all_run_once(cloud: SimulatedCloud) -> None:
    until(lambda: not deploys(status__in=AsyncJob.LIVE), 180, "all deployments end", sweeping=True)
    assert deploys(status=AsyncJob.Status.SUCCEEDED) == MACHINES, states()
    assert list(VirtualMachine.objects.values_list("state", flat=True)) == ["Running"] * MACHINES
    assert world.machines().count() == MACHINES
    check_invariants()


def test_the_broker_forgets_everything_in_the_middle(
    shared_cloud: SimulatedCloud, broker: str, settings: Any, celery_worker_processes: Callable[..., list[Any]]
) -> None:
    celery_worker_processes(2)
    deploy_all(shared_cloud, settings)
    until(lambda: deploys(status=AsyncJob.Status.SUCCEEDED) >= 3, 60, "the first ones are done")
    with redis.Redis.from_url(broker) as client:
        client.flushall()
    assert deploys(status__in=AsyncJob.LIVE) > 2, "it came too late to be the middle"
    all_run_once(shared_cloud)


def test_workers_are_killed_in_the_middle(
    shared_cloud: SimulatedCloud, settings: Any, celery_worker_processes: Callable[..., list[Any]]
) -> None:
    first, _ = celery_worker_processes(2)
    deploy_all(shared_cloud, settings)
    until(lambda: deploys(status=AsyncJob.Status.SUCCEEDED) >= 3, 60, "the first ones are done")
    first.kill()
    assert deploys(status__in=AsyncJob.LIVE) > 2, "it came too late to be the middle"
    [third] = celery_worker_processes(1)
    until(lambda: deploys(status=AsyncJob.Status.SUCCEEDED) >= 8, 90, "more are done", sweeping=True)
    third.kill()
    all_run_once(shared_cloud)
