"""Waiting, failing for a while, failing for good, and undoing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from cloudstack.contracts.errors import DriverError
from cloudstack.framework.errors import InvalidTransition, LimitExceeded
from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater, engine
from cloudstack.framework.jobs.models import JobLock, JobStep
from cloudstack.testing.jobs import run_job, run_jobs, worker_died
from tests.workflows.jobs.recording import Crash, Walls, World

pytestmark = pytest.mark.django_db

Submit = Callable[..., AsyncJob]


def states(job: AsyncJob) -> list[str]:
    return list(job.steps.values_list("state", flat=True))


def seconds_to_wait(job: AsyncJob) -> float:
    job.refresh_from_db()
    assert (job.status, job.owner, job.lease_until) == ("pending", "", None)
    return (job.wake_at - timezone.now()).total_seconds()


def make_due(job: AsyncJob) -> None:
    AsyncJob.objects.filter(pk=job.pk).update(wake_at=timezone.now())


def test_a_step_that_must_wait_keeps_the_locks(submit: Submit, world: World) -> None:
    job = submit(exclusive=["house:1"])
    other = submit(exclusive=["house:1"])
    world.at("do Paint", RetryLater(60, "the wall is wet"))
    assert engine.run(job.pk)
    assert 55 < seconds_to_wait(job) <= 60
    assert job.progress_text == "the wall is wet"
    assert states(job) == ["done", "doing", "pending"]
    assert JobLock.objects.get(job=job).granted
    assert not engine.run(job.pk), "it is not due yet"
    assert not engine.run(other.pk), "the lock is held by one that sleeps"
    assert run_job(job).status == "succeeded"
    other.refresh_from_db()
    assert other.status == "succeeded"


def test_waiting_ends_with_patience(submit: Submit, world: World) -> None:
    job = submit()
    world.at("do Walls", *[RetryLater(1, "no bricks yet")] * 3)
    engine.run(job.pk)
    make_due(job)
    engine.run(job.pk)
    assert states(job)[2] == "doing"
    JobStep.objects.filter(job=job, name="Walls").update(started=timezone.now() - timedelta(seconds=901))
    make_due(job)
    engine.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.error_code) == ("failed", 530)
    assert job.error_text == "gave up after 901 s: no bricks yet"
    assert states(job) == ["undone", "done", "undone"]


def test_a_driver_that_may_recover_is_asked_again(submit: Submit, world: World) -> None:
    job = submit()
    world.at("do Walls", *[DriverError("host is busy", retryable=True)] * 2)
    waits = []
    for _ in range(2):
        engine.run(job.pk)
        waits.append(seconds_to_wait(job))
        assert job.progress_text == "tries again: host is busy"
        make_due(job)
    assert [round(wait) for wait in waits] == [1, 2]
    step = job.steps.get(name="Walls")
    assert (step.state, step.attempts, step.error) == ("doing", 2, "host is busy")
    assert run_job(job).status == "succeeded"
    step.refresh_from_db()
    assert (step.state, step.attempts) == ("done", 2)


def test_attempts_are_bounded(submit: Submit, world: World) -> None:
    job = submit()
    world.at("do Walls", *[DriverError(f"no {n}", retryable=True) for n in range(9)])
    run_job(job)
    assert world.times("do Walls") == Walls.max_attempts == 3
    assert (job.status, job.error_code, job.error_cs_code, job.error_text) == ("failed", 534, 4380, "no 2")
    assert job.steps.get(name="Walls").attempts == 3


def test_a_deadlock_of_the_database_is_no_failure(submit: Submit, world: World) -> None:
    job = submit()
    world.at("do Walls", OperationalError("deadlock detected"))
    assert run_job(job).status == "succeeded"
    assert world.times("do Walls") == 2


def test_a_database_that_is_away_at_the_end_is_no_failure(submit: Submit, world: World) -> None:
    job = submit()
    world.at("on_succeeded", OperationalError("the server is shutting down"))
    assert run_job(job).status == "succeeded"
    assert world.times("do Walls") == 1
    assert states(job) == ["done", "done", "done"]


def test_a_step_whose_fate_cannot_be_seen_waits(submit: Submit, world: World) -> None:
    job = submit()
    world.at("built Walls", Crash)
    with pytest.raises(Crash):
        engine.run(job.pk)
    worker_died()
    world.at("verify Walls", DriverError("no answer", retryable=True))
    engine.run(job.pk)
    assert seconds_to_wait(job) > 3
    assert job.progress_text == "cannot see whether it happened: no answer"
    assert run_job(job).status == "succeeded"
    assert world.times("do Walls") == 2


def test_a_step_whose_fate_can_never_be_seen_ends(submit: Submit, world: World) -> None:
    job = submit()
    world.at("built Walls", Crash)
    with pytest.raises(Crash):
        engine.run(job.pk)
    worker_died()
    JobStep.objects.filter(job=job, name="Walls").update(started=timezone.now() - timedelta(seconds=1000))
    world.at("verify Walls", DriverError("no answer", retryable=True))
    assert run_job(job).status == "failed"
    assert "cannot see whether it happened: no answer" in job.error_text
    assert world.parts(job) == {"Paint"}


@pytest.mark.parametrize(
    ("error", "code", "cs_code", "text"),
    [
        (DriverError("libvirt: no domain"), 534, 4380, "libvirt: no domain"),
        (LimitExceeded("20 machines at most"), 535, 4370, "20 machines at most"),
        (InvalidTransition("it is Stopped"), 431, 4350, "it is Stopped"),
        (ValueError("oh"), 530, 4250, "internal error (ValueError)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_keep_their_codes(
    submit: Submit, world: World, error: Exception, code: int, cs_code: int, text: str
) -> None:
    world.at("done Walls", error)
    job = run_job(submit())
    assert (job.status, job.error_code, job.error_cs_code, job.error_text) == ("failed", code, cs_code, text)
    assert world.times("do Walls") == 1
    assert states(job) == ["undone", "done", "undone"]
    assert world.parts(job) == {"Paint"}
    assert world.journal[-1] == f"on_failed: {text}"


def test_undo_goes_backwards_and_includes_the_step_that_failed(submit: Submit, world: World) -> None:
    world.at("built Walls", LimitExceeded("enough"))
    run_job(submit())
    assert [line for line in world.journal if line.startswith("undo")] == ["undo Walls", "undo Foundation"]


def test_steps_that_never_began_are_not_undone(submit: Submit, world: World) -> None:
    world.at("do Foundation", LimitExceeded("enough"))
    job = run_job(submit())
    assert states(job) == ["undone", "pending", "pending"]
    assert world.times("undo Walls") == 0


def test_an_undo_that_fails_is_tried_until_it_works(submit: Submit, world: World) -> None:
    job = submit(exclusive=["house:1"])
    world.at("done Walls", LimitExceeded("enough"))
    world.at("undo Foundation", *[RuntimeError("the crane is stuck")] * 4)
    waits = []
    for _ in range(4):
        engine.run(job.pk)
        waits.append(round(seconds_to_wait(job)))
        assert job.progress_text == "undoing 'Lay the foundation' failed: internal error (RuntimeError)"
        assert states(job) == ["undoing", "done", "undone"]
        assert JobLock.objects.get(job=job).granted
        make_due(job)
    assert waits == [1, 2, 4, 8]
    assert [line.text for line in job.log_lines.all()] == ["RuntimeError: the crane is stuck"] * 4
    run_job(job)
    assert (job.status, job.error_text, job.undo_attempts) == ("failed", "enough", 4)
    assert world.times("undo Walls") == 1


def test_an_undo_may_wait(submit: Submit, world: World) -> None:
    job = submit()
    world.at("done Walls", LimitExceeded("enough"))
    world.at("undo Walls", RetryLater(40, "somebody is inside"))
    engine.run(job.pk)
    assert seconds_to_wait(job) > 35
    assert job.undo_attempts == 0
    assert run_job(job).status == "failed"


@pytest.mark.parametrize("attempts", [9, 1100, 100_000])
def test_the_wait_between_attempts_is_bounded(submit: Submit, world: World, attempts: int) -> None:
    job = submit()
    world.at("done Walls", LimitExceeded("enough"))
    world.at("undo Walls", RuntimeError("stuck"))
    AsyncJob.objects.filter(pk=job.pk).update(undo_attempts=attempts)
    engine.run(job.pk)
    assert 295 < seconds_to_wait(job) <= 300


@pytest.mark.parametrize("moment", ["on_failed", "on_succeeded"])
def test_last_words_that_fail_are_part_of_the_job(submit: Submit, world: World, moment: str) -> None:
    job = submit(exclusive=["house:1"])
    if moment == "on_failed":
        world.at("do Walls", LimitExceeded("enough"))
    world.at(moment, RuntimeError("lost my voice"))
    engine.run(job.pk)
    job.refresh_from_db()
    if moment == "on_failed":
        assert 0 < seconds_to_wait(job) <= 1
        assert job.progress_text == "the end could not be written: internal error (RuntimeError)"
        run_job(job)
        assert job.error_text == "enough"
    else:
        assert job.error_text == "internal error (RuntimeError)"
        assert "RuntimeError: lost my voice" in [line.text for line in job.log_lines.all()]
    assert job.status == "failed"
    assert states(job) == ["undone", "done", "undone"]
    assert not job.locks.exists()


def test_a_job_that_cannot_read_its_world_fails_at_once(submit: Submit, world: World) -> None:
    def gone(ctx: JobContext) -> None:
        raise LookupError("the house is gone")

    world.on_load = gone
    job = run_job(submit(exclusive=["house:1"]))
    assert job.status == "failed"
    assert job.error_text == "internal error (LookupError)"
    assert "LookupError: the house is gone" in [line.text for line in job.log_lines.all()]
    assert world.journal == ["load", f"on_failed: {job.error_text}"]
    assert not job.locks.exists()


def test_last_words_may_not_keep_such_a_job_alive(submit: Submit, world: World) -> None:
    world.on_load = lambda ctx: ctx.host
    world.at("on_failed", AttributeError("no house"))
    assert run_job(submit()).status == "failed"


def test_a_database_that_is_away_when_the_job_loads_is_no_failure(submit: Submit, world: World) -> None:
    job = submit()

    def away(ctx: JobContext) -> None:
        world.on_load = None
        raise OperationalError("the server is starting up")

    world.on_load = away
    engine.run(job.pk)
    assert 0 < seconds_to_wait(job) <= 1
    assert run_job(job).status == "succeeded"


def test_a_job_that_acted_and_cannot_read_its_world_waits(submit: Submit, world: World) -> None:
    job = submit()
    world.at("do Walls", RetryLater(1, "no bricks yet"))
    engine.run(job.pk)

    def gone(ctx: JobContext) -> None:
        raise LookupError("the house is gone")

    world.on_load = gone
    make_due(job)
    engine.run(job.pk)
    assert seconds_to_wait(job) > 0
    assert job.progress_text == "cannot read what the job works on: internal error (LookupError)"
    world.on_load = None
    assert run_job(job).status == "succeeded"


def test_a_job_whose_plugin_is_switched_off_waits_for_it(
    submit: Submit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cloudstack.framework.jobs import registry

    job = submit(exclusive=["house:1"])
    with monkeypatch.context() as patch:
        patch.delitem(registry._workflows, job.name)
        engine.run(job.pk)
        assert seconds_to_wait(job) > 0
        assert "no workflow is named tests.house.build; is its plugin enabled?" in job.progress_text
        AsyncJob.objects.filter(pk=job.pk).update(cancel_requested=True)
        other = submit_while_known(monkeypatch, submit)
        run_jobs()
    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.status, other.status) == ("cancelled", "succeeded")


def submit_while_known(monkeypatch: pytest.MonkeyPatch, submit: Submit) -> AsyncJob:
    from tests.workflows.jobs.recording import ADMIRE

    return submit(ADMIRE, exclusive=["house:1"])


def test_a_workflow_that_changed_its_steps_meets_an_old_job(submit: Submit, world: World) -> None:
    job = submit()
    job.steps.filter(name="Paint").update(name="Varnish")
    run_job(job)
    assert job.status == "failed"
    assert "has other steps than when the job began" in job.error_text
    assert world.times("do Foundation") == 0
