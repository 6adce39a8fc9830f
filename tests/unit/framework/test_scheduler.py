"""Periodic jobs: one worker at a time, errors kept, nothing lost when a worker dies."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from celery import Celery
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone

from cloudstack.framework.context import correlation_id
from cloudstack.framework.jobs.owner import is_dead, machine, me
from cloudstack.framework.scheduler import ScheduledJob, registry, runner, scheduled
from cloudstack.framework.scheduler.models import ScheduledRun
from cloudstack.framework.scheduler.tasks import fill_schedule
from cloudstack.framework.scheduler.tasks import run as task

pytestmark = pytest.mark.django_db

NAME = "tests.tick"
DEAD = f"{machine()}#999999999#1"


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], None] | None]]:
    """What the next runs do; each run is counted by taking one off."""
    monkeypatch.setattr(registry, "_jobs", dict(registry._jobs))
    acts: list[Callable[[], None] | None] = []

    @scheduled(NAME, every_s=60, limit_s=100)
    def tick() -> None:
        """Ticks, for the tests. And more words."""
        act = acts.pop(0)
        if act:
            act()

    yield acts


def row() -> ScheduledRun:
    return ScheduledRun.objects.get(name=NAME)


def some_time_later(seconds: float = 61) -> None:
    """As if the last run had begun that much earlier."""
    one = row()
    assert one.started
    one.started -= timedelta(seconds=seconds)
    if one.busy_until:
        one.busy_until -= timedelta(seconds=seconds)
    one.save()


def test_a_run_is_noted(ticks: list) -> None:
    ticks.append(None)
    assert runner.run(NAME)
    one = row()
    assert (one.runs, one.error, one.busy_until) == (1, "", None)
    assert one.started <= one.finished <= timezone.now()
    assert registry.get(NAME).description == "Ticks, for the tests. And more words."


def test_a_doubled_message_runs_it_once(ticks: list) -> None:
    ticks.extend([None, None])
    assert [runner.run(NAME) for _ in range(3)] == [True, False, False]
    some_time_later()
    assert runner.run(NAME)
    assert row().runs == 2


def test_it_runs_in_one_worker_at_a_time(ticks: list) -> None:
    answers = []

    def meanwhile() -> None:
        some_time_later()
        answers.append(runner.run(NAME))

    ticks.extend([meanwhile, None])
    runner.run(NAME)
    assert answers == [False]
    assert row().runs == 1


def test_an_error_is_kept_and_the_next_run_clears_it(ticks: list, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("no clock")

    ticks.extend([fail, None])
    assert runner.run(NAME) is False
    assert (row().error, row().busy_until) == ("ValueError: no clock", None)
    assert "scheduled job tests.tick failed" in caplog.text
    some_time_later()
    assert runner.run(NAME)
    assert row().error == ""


def test_a_worker_that_is_stopped_leaves_it_free(ticks: list) -> None:
    def stop() -> None:
        raise SystemExit

    ticks.extend([stop, None])
    with pytest.raises(SystemExit):
        runner.run(NAME)
    assert (row().error, row().busy_until) == ("interrupted", None)


def died_while_running(owner: str) -> None:
    started = timezone.now() - timedelta(seconds=70)
    ScheduledRun.objects.create(name=NAME, started=started, busy_until=started + timedelta(seconds=100), owner=owner)


def test_a_worker_that_was_killed_is_followed_at_once(ticks: list) -> None:
    ticks.append(None)
    died_while_running(DEAD)
    assert runner.run(NAME)


def test_a_worker_that_lives_is_waited_for(ticks: list) -> None:
    died_while_running(me())
    assert not runner.run(NAME)


def test_a_worker_elsewhere_is_waited_for_as_long_as_the_limit_says(ticks: list) -> None:
    ticks.append(None)
    died_while_running("another-machine#1#1")
    assert not runner.run(NAME)
    some_time_later(31)
    assert runner.run(NAME)


def test_a_run_taken_for_dead_does_not_free_the_next(ticks: list) -> None:
    def overtaken() -> None:
        ScheduledRun.objects.filter(name=NAME).update(
            started=timezone.now() + timedelta(seconds=1), owner="other", busy_until=timezone.now()
        )

    ticks.append(overtaken)
    runner.run(NAME)
    assert (row().owner, row().finished) == ("other", None)
    assert row().busy_until is not None


def test_an_unknown_job_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    assert runner.run("tests.nothing") is False
    assert "no scheduled job is named tests.nothing" in caplog.text
    assert not ScheduledRun.objects.exists()


def test_the_message_of_beat_runs_it(ticks: list) -> None:
    seen: list[str] = []
    ticks.append(lambda: seen.append(correlation_id()))
    task(NAME)
    assert row().runs == 1
    assert len(seen) == 1 and seen[0], "each run has a correlation id"


def test_beat_gets_every_declared_job(ticks: list) -> None:
    # Not the current one: that is the app through which jobs ring.
    app = Celery("tests", set_as_current=False)
    fill_schedule(app)
    assert app.conf.beat_schedule[NAME] == {
        "task": "scheduler.run",
        "schedule": 60,
        "args": [NAME],
        "options": {"queue": "jobs", "expires": 60},
    }
    assert "jobs.sweep" in app.conf.beat_schedule


def test_a_name_is_declared_once(ticks: list) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"scheduled job tests\.tick is declared twice"):
        registry.register(ScheduledJob(NAME, 5, print))


@pytest.mark.postgres
def test_many_workers_at_once_run_it_once(transactional_db: None, ticks: list) -> None:
    ticks.extend([None] * 8)
    gate, answers = threading.Barrier(8), []

    def work() -> None:
        try:
            gate.wait(20)
            answers.append(runner.run(NAME))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]
    assert len(ticks) == 7


class TestOwner:
    """Who a worker is, and when it is certainly dead."""

    def test_this_process_lives(self) -> None:
        assert not is_dead(me())
        assert len(me()) <= 160

    def test_a_process_that_is_not_there_is_dead(self) -> None:
        assert is_dead(DEAD)

    def test_another_process_with_the_old_number_is_not_the_old_one(self) -> None:
        where, pid, _ = me().split("#")
        assert is_dead(f"{where}#{pid}#12345")

    @pytest.mark.parametrize("owner", ["", "elsewhere#1#1", f"{machine()}#x#1", f"{machine()}#1#", f"{machine()}"])
    def test_what_cannot_be_known_is_not_dead(self, owner: str) -> None:
        assert not is_dead(owner)

    def test_a_zombie_is_dead(self) -> None:
        import os
        import time

        pid = os.fork()
        if pid == 0:
            time.sleep(0.2)
            os._exit(0)
        where, _, _ = me().split("#")
        from cloudstack.framework.jobs.owner import _started

        owner = f"{where}#{pid}#{_started(pid)}"
        assert not is_dead(owner)
        time.sleep(0.6)
        assert is_dead(owner)
        os.waitpid(pid, 0)
        assert is_dead(owner)

    def test_one_that_hides_is_not_dead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With hidepid the status of another user's process cannot be read."""
        from cloudstack.framework.jobs import owner

        def refuse(pid: int, signal: int) -> None:
            raise PermissionError

        monkeypatch.setattr(owner, "_started", lambda pid: "")
        monkeypatch.setattr(owner.os, "kill", refuse)
        assert not is_dead(f"{machine()}#77#1")
