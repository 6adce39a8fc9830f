"""Real workers, a real broker: killed, frozen, robbed of their messages. The jobs go on."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import transaction
from django.utils import timezone
from kombu import pools

from cloudstack.celery import app
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.runtime.tether import tether_command
from tests.conftest import worker_environment
from tests.workflows.jobs.outside import NAME, WORLD

pytestmark = pytest.mark.slow

REPO = Path(__file__).resolve().parents[3]
WAIT_S = 120


class Tower:
    """The folder in which the workers act."""

    def __init__(self, folder: Path):
        self.folder = folder

    def hold(self, moment: str) -> None:
        (self.folder / f"hold {moment}").touch()

    def let_go(self, moment: str) -> None:
        (self.folder / f"hold {moment}").unlink()

    @property
    def journal(self) -> list[tuple[int, str]]:
        file = self.folder / "journal"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(int(pid), what) for pid, _, what in (line.partition(" ") for line in lines)]

    def wait_for(self, moment: str, *, times: int = 1) -> int:
        """Until somebody has come there; answers the process."""
        until(lambda: self.count(moment) >= times, f"nobody came to {moment!r}")
        return [pid for pid, what in self.journal if what == moment][-1]

    def count(self, moment: str) -> int:
        return Counter(what for _, what in self.journal)[moment]

    def assert_stands(self, job: AsyncJob) -> None:
        job.refresh_from_db()
        assert (job.status, job.error_text) == ("succeeded", "")
        assert list(job.steps.values_list("state", flat=True)) == ["done", "done"]
        for floor in ("First", "Second"):
            assert (self.folder / f"{job.uuid} {floor}").exists()
            assert ConfigValue.objects.filter(name=floor, scope_uuid=str(job.uuid)).count() == 1
        assert not job.locks.exists()


def until(condition: Callable[[], bool], what: str, seconds: float = WAIT_S) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def ended(job: AsyncJob) -> bool:
    return not AsyncJob.objects.filter(pk=job.pk, status__in=AsyncJob.LIVE).exists()


@pytest.fixture
def tower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tower:
    monkeypatch.setenv(WORLD, str(tmp_path))
    return Tower(tmp_path)


@pytest.fixture
def workers(celery_worker_processes: Callable[..., list[Any]], tower: Tower) -> Callable[..., list[Any]]:
    """Workers that know the tower. A lease of an hour, unless a test wants it to end."""

    def start(count: int = 1, *, lease_s: float = 3600, **options: Any) -> list[Any]:
        # With a pool the worker answers also while its child is held.
        return celery_worker_processes(count, env=worker_env(tower, lease_s), pool="prefork", seconds=120, **options)

    return start


def worker_env(tower: Tower, lease_s: float) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.workflows.jobs.worker_settings",
        "CLOUDSTACK_JOB_LEASE": str(lease_s),
        "CLOUDSTACK_JOB_SWEEP_INTERVAL": "0.5",
        WORLD: str(tower.folder),
    }


def submit(**options: Any) -> AsyncJob:
    with transaction.atomic():
        return dispatch(NAME, **options)


def sweep() -> None:
    """What beat sends."""
    app.send_task("scheduler.run", args=["jobs.sweep"], queue="jobs")


@pytest.fixture
def beat(broker: str, tower: Tower, transactional_db: None) -> Iterator[None]:
    """A real Celery beat with a sweep every half second."""
    log = django_settings.TEST_RUN_DIR / "beat.log"
    options = ["-s", str(tower.folder / "beat"), "--pidfile", "", "--max-interval", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*tether_command("SIGKILL"), sys.executable, "-m", "celery", "-A", "cloudstack", "beat", *options],
            cwd=REPO,
            env=os.environ | worker_environment() | worker_env(tower, 3600),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    yield
    assert process.poll() is None, f"beat has ended: {log.read_text()}"
    process.kill()
    process.wait(10)


MOMENTS = [
    "load",
    "before First",
    "made and unsaved First",
    "inside the transaction of First",
    "after First",
    "before Second",
    "last words",
]


def test_a_process_killed_anywhere_leaves_a_job_that_goes_on(workers: Callable[..., list[Any]], tower: Tower) -> None:
    """One pool process after the other dies, each at another moment. Only sweeps are asked for, as beat does."""
    for moment in MOMENTS:
        tower.hold(moment)
    [worker] = workers()
    job = submit(exclusive=["tower:1"])
    for moment in MOMENTS:
        until(lambda moment=moment: sweep_and_see(tower, moment), f"nobody came to {moment!r}")
        process = tower.wait_for(moment)
        assert parent_of(process) == worker.pid
        assert not ended(job)
        os.kill(process, signal.SIGKILL)
        tower.let_go(moment)
    until(lambda: sweep_and_see(tower, "last words", 2) and ended(job), "the job did not go on")
    tower.assert_stands(job)
    assert job.epoch == len(MOMENTS) + 1
    assert tower.count("made First") == tower.count("made Second") == 1


def sweep_and_see(tower: Tower, moment: str, times: int = 1) -> bool:
    sweep()
    time.sleep(0.2)
    return tower.count(moment) >= times


def test_a_worker_killed_in_a_step_is_followed_by_one_that_goes_on(
    workers: Callable[..., list[Any]], tower: Tower
) -> None:
    """The machine is alone: nobody sweeps until the worker is started again, and then it looks by itself."""
    tower.hold("made and unsaved Second")
    [worker] = workers()
    job = submit(exclusive=["tower:1"])
    assert parent_of(tower.wait_for("made and unsaved Second")) == worker.pid
    worker.kill()
    tower.let_go("made and unsaved Second")
    assert not ended(job)
    workers()
    until(lambda: ended(job), "the job did not go on")
    tower.assert_stands(job)
    assert job.epoch == 2
    assert tower.count("made Second") == 1


def test_another_worker_takes_over_and_no_message_is_needed(
    workers: Callable[..., list[Any]], tower: Tower, beat: None, broker: str
) -> None:
    """A worker is killed, the broker forgets everything, more than once: beat and the sweeper bring all home."""
    tower.hold("made and unsaved First")
    both = workers(2)
    first, waiting = submit(exclusive=["tower:1"]), submit(exclusive=["tower:1"])
    holder = tower.wait_for("made and unsaved First")
    others = [submit() for _ in range(3)]
    client = redis.Redis.from_url(broker)
    client.flushall()
    next(worker for worker in both if worker.pid == parent_of(holder)).kill()
    tower.let_go("made and unsaved First")
    client.flushall()
    until(lambda: ended(first), "the job of the dead worker did not go on")
    AsyncJob.objects.filter(status="pending").update(wake_at=timezone.now() - timedelta(seconds=6))
    client.flushall()
    for job in (first, waiting, *others):
        until(lambda job=job: ended(job), "a job whose message was lost did not go on")
        tower.assert_stands(job)
    assert tower.count("made First") == 5
    client.close()


def test_messages_that_come_many_times_do_no_harm(workers: Callable[..., list[Any]], tower: Tower) -> None:
    jobs = [submit(exclusive=["tower:1"] if n % 2 else []) for n in range(4)]
    for _ in range(5):
        for job in jobs:
            app.send_task("jobs.wake", args=[job.pk], queue="jobs")
    app.send_task("jobs.wake", args=[99_999_999], queue="jobs")
    workers(2)
    for job in jobs:
        until(lambda job=job: ended(job), "a job did not run")
        tower.assert_stands(job)
        assert job.epoch == 1
    assert Counter(what for _, what in tower.journal)["load"] == 4


@pytest.mark.parametrize("moment", ["before Second", "after Second"])
def test_a_frozen_worker_that_wakes_up_changes_nothing(
    workers: Callable[..., list[Any]], tower: Tower, moment: str
) -> None:
    tower.hold(moment)
    job = submit(exclusive=["tower:1"])
    both = workers(2, lease_s=1.5)
    frozen = tower.wait_for(moment)
    [old] = [worker for worker in both if worker.pid == parent_of(frozen)]
    os.kill(frozen, signal.SIGSTOP)
    try:
        tower.let_go(moment)

        def taken() -> bool:
            sweep()
            time.sleep(0.2)
            return ended(job)

        until(taken, "nobody took the job over")
        tower.assert_stands(job)
        job.refresh_from_db()
        before = AsyncJob.objects.filter(pk=job.pk).values().get(), list(job.steps.values())
        rows = list(ConfigValue.objects.filter(scope_uuid=str(job.uuid)).order_by("pk").values())
    finally:
        os.kill(frozen, signal.SIGCONT)
    until(lambda: "belongs to another worker" in old.log.read_text(errors="replace"), "it did not notice")
    job.refresh_from_db()
    assert (AsyncJob.objects.filter(pk=job.pk).values().get(), list(job.steps.values())) == before
    assert list(ConfigValue.objects.filter(scope_uuid=str(job.uuid)).order_by("pk").values()) == rows
    assert job.epoch == 2
    assert tower.count("made Second") == 1
    for again in (submit(), submit(), submit(), submit()):
        until(lambda job=again: ended(job), "both are fit for the next job")


def test_a_broker_that_is_away_costs_nobody_his_job(
    broker: str, tower: Tower, transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The submission is stored and answers soon; the sweeper rings when the broker is back."""
    nowhere = "redis+socket:///nowhere/valkey.sock"
    # In this order: unless it is set, the second one reads the first, and that would stay.
    monkeypatch.setattr(app.conf, "broker_write_url", nowhere)
    monkeypatch.setattr(app.conf, "broker_url", nowhere)
    pools.reset()
    app._pool = app.amqp._producer_pool = None
    try:
        began = time.monotonic()
        job = submit()
        assert time.monotonic() - began < 10
    finally:
        pools.reset()
        app._pool = app.amqp._producer_pool = None
    assert "its wake-up was not sent" in caplog.text
    assert AsyncJob.objects.filter(pk=job.pk, status="pending").exists()
