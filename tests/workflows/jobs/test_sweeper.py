"""The sweeper rings for whom nobody carries, and for nobody else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cloudstack.framework.jobs import AsyncJob, bell, sweep
from cloudstack.framework.jobs.owner import machine, me
from tests.workflows.jobs.recording import ADMIRE

pytestmark = pytest.mark.django_db

Submit = Callable[..., AsyncJob]
Status = AsyncJob.Status


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    calls: list[tuple[int, str]] = []
    monkeypatch.setattr(sweep, "ring", lambda job_id, queue: calls.append((job_id, queue)))
    return calls


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def put(submit: Submit, **columns: Any) -> AsyncJob:
    job = submit(ADMIRE, queue=columns.pop("queue", "jobs"))
    AsyncJob.objects.filter(pk=job.pk).update(**columns)
    return job


def test_who_is_rung_for(submit: Submit, rung: list[tuple[int, str]]) -> None:
    lost = put(submit, wake_at=ago(6), queue="zone.1")
    orphan = put(submit, status=Status.RUNNING, lease_until=ago(1), owner="elsewhere#1#1")
    put(submit, wake_at=ago(2))
    put(submit, wake_at=ago(-60))
    put(submit, status=Status.RUNNING, lease_until=ago(-20), owner="elsewhere#1#1")
    put(submit, status=Status.RUNNING, lease_until=ago(-20), owner=me())
    put(submit, status=Status.SUCCEEDED, wake_at=ago(60), completed=ago(50))
    assert sweep.sweep() == 2
    assert sorted(rung) == [(lost.pk, "zone.1"), (orphan.pk, "jobs")]


def test_a_dead_worker_of_this_machine_is_not_waited_for(submit: Submit, rung: list[tuple[int, str]]) -> None:
    dead = put(submit, status=Status.RUNNING, lease_until=ago(-3600), owner=f"{machine()}#999999999#1")
    put(submit, status=Status.RUNNING, lease_until=ago(-3600), owner="elsewhere#999999999#1")
    assert sweep.free_dead_workers() == 1
    assert sweep.sweep() == 1
    assert rung == [(dead.pk, "jobs")]


def test_many_that_wait_do_not_hide_the_others(
    submit: Submit, rung: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 3)
    jobs = [put(submit, wake_at=ago(100 - n)) for n in range(8)]
    for expected in (jobs[:3], jobs[3:6], jobs[6:]):
        rung.clear()
        sweep.sweep()
        assert [job_id for job_id, _ in rung] == [job.pk for job in expected]
    assert sweep.sweep() == 0, "each has a bell on its way now"
    for job in jobs:
        job.refresh_from_db()
        assert job.wake_at <= ago(1), "a worker whose clock is a second behind finds it due"


def test_the_schedule_knows_the_sweeper() -> None:
    from cloudstack.framework.scheduler import registry

    job = registry.get("jobs.sweep")
    assert job is not None and job.function is sweep.sweep


class Sender:
    """Stands for Celery: takes messages, or fails."""

    def __init__(self, failure: Exception | None = None):
        self.failure = failure
        self.sent: list[Any] = []

    def send_task(self, name: str, **options: Any) -> None:
        if self.failure:
            raise self.failure
        self.sent.append((name, options["args"], options["queue"], options["countdown"]))


def test_a_message_carries_the_number_of_the_job(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.JOB_BELL_ENABLED = True
    sender = Sender()
    monkeypatch.setattr(bell, "current_app", sender)
    bell.ring(7, "zone.1")
    bell.ring(8, "jobs", delay_s=2.5)
    assert sender.sent == [("jobs.wake", [7], "zone.1", None), ("jobs.wake", [8], "jobs", 2.5)]


@pytest.mark.parametrize("failure", [OSError("no route"), RuntimeError("READONLY You can't write")])
def test_a_message_that_cannot_be_sent_fails_nobody(
    monkeypatch: pytest.MonkeyPatch, settings: Any, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    settings.JOB_BELL_ENABLED = True
    monkeypatch.setattr(bell, "current_app", Sender(failure))
    bell.ring(7, "jobs")
    assert "job 7 is stored but its wake-up was not sent" in caplog.text


def test_a_submission_rings_after_its_commit(
    submit: Submit, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(bell, "ring", lambda job_id, queue, delay_s=0: rung.append(job_id))
    with django_capture_on_commit_callbacks(execute=True):
        job = submit(ADMIRE)
        assert rung == []
    assert rung == [job.pk]
