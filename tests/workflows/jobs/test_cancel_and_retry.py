"""What people do with jobs: stop them at the next step boundary, run failed ones again."""

from collections.abc import Callable

import pytest

from apps.accounts.factories import root_caller
from cloudstack.contracts.errors import DriverError
from cloudstack.framework.errors import InvalidParameter, LimitExceeded
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater, engine
from cloudstack.framework.jobs.control import JobManager
from cloudstack.testing.jobs import run_job, run_jobs, worker_died
from tests.workflows.jobs.recording import ADMIRE, Crash, World, rows_of

pytestmark = pytest.mark.django_db

Submit = Callable[..., AsyncJob]


def cancel(job: AsyncJob) -> AsyncJob:
    return JobManager().cancel(caller=root_caller(), job=job)


def retry(job: AsyncJob) -> AsyncJob:
    return JobManager().retry(caller=root_caller(), job=job)


def states(job: AsyncJob) -> list[str]:
    return list(job.steps.values_list("state", flat=True))


def assert_cancelled(job: AsyncJob) -> None:
    job.refresh_from_db()
    assert (job.status, job.error_code, job.error_text) == ("cancelled", 530, "cancelled on request")
    assert not job.locks.exists()
    assert not job.is_live


def test_a_running_job_stops_at_the_next_boundary(submit: Submit, world: World) -> None:
    job = submit(event_type="HOUSE.BUILD", description="house")
    world.at("do Paint", lambda ctx: cancel(job))
    run_jobs()
    assert_cancelled(job)
    assert states(job) == ["undone", "done", "pending"]
    assert world.parts(job) == rows_of(job) == {"Paint"}
    assert world.times("do Walls") == 0
    assert world.journal[-1] == "on_failed: cancelled on request"
    last = Event.objects.filter(job_uuid=job.uuid).order_by("id").last()
    assert (last.state, last.level, last.description) == ("Completed", "ERROR", "house: cancelled on request")


def test_a_long_step_may_ask_and_stop(submit: Submit, world: World) -> None:
    job = submit()

    def long(ctx: JobContext) -> None:
        ctx.check()
        cancel(job)
        ctx.check()
        raise AssertionError("not reached")

    world.at("built Walls", long)
    run_jobs()
    assert_cancelled(job)
    assert states(job) == ["undone", "done", "undone"]


def test_the_way_back_is_not_cancelled(submit: Submit, world: World) -> None:
    """An undo that looks whether it may go on must be able to."""
    job = submit()
    world.at("do Walls", lambda ctx: cancel(job))
    world.at("done Walls", lambda ctx: ctx.check())
    world.at("undo Foundation", lambda ctx: ctx.check())
    run_jobs()
    assert_cancelled(job)
    assert states(job) == ["undone", "done", "undone"]


def test_a_sleeping_job_wakes_to_be_cancelled(submit: Submit, world: World) -> None:
    job = submit(exclusive=["house:1"])
    world.at("do Paint", RetryLater(900, "wet"))
    engine.run(job.pk)
    cancel(job)
    assert engine.run(job.pk), "it does not sleep on"
    assert_cancelled(job)
    assert world.times("do Paint") == 1


@pytest.mark.parametrize("error", [RetryLater(900, "wet"), DriverError("busy", retryable=True)])
def test_a_cancelled_job_does_not_go_to_sleep(submit: Submit, world: World, error: Exception) -> None:
    job = submit()

    def act(ctx: JobContext) -> None:
        cancel(job)
        raise error

    world.at("built Walls", act)
    engine.run(job.pk)
    assert_cancelled(job)
    assert states(job) == ["undone", "done", "undone"]


def test_a_job_that_waits_for_locks_ends_without_acting(submit: Submit, world: World) -> None:
    first = submit(exclusive=["house:1"])
    second = submit(exclusive=["house:1"])
    third = submit(ADMIRE, exclusive=["house:1"])
    world.at("do Walls", RetryLater(900, "no bricks yet"))
    engine.run(first.pk)
    cancel(second)
    run_jobs()
    assert_cancelled(second)
    assert states(second) == ["pending"] * 3
    assert world.parts(second) == set()
    for job in (first, third):
        job.refresh_from_db()
        assert job.status == "succeeded"


def test_a_job_of_a_dead_worker_is_cancelled_by_the_next(submit: Submit, world: World) -> None:
    job = submit()
    world.at("built Walls", Crash)
    with pytest.raises(Crash):
        run_jobs()
    cancel(job)
    worker_died()
    run_jobs()
    assert_cancelled(job)
    assert world.parts(job) == {"Paint"}
    assert world.times("do Walls") == 1


def test_a_death_on_the_way_back_leaves_it_cancelled(submit: Submit, world: World) -> None:
    job = submit()
    world.at("do Walls", lambda ctx: cancel(job))
    world.at("done Walls", lambda ctx: ctx.check())
    world.at("undo Foundation", Crash)
    with pytest.raises(Crash):
        run_jobs()
    worker_died()
    run_jobs()
    assert_cancelled(job)


def test_a_failure_stays_one_although_a_cancel_came_too(submit: Submit, world: World) -> None:
    job = submit()

    def act(ctx: JobContext) -> None:
        cancel(job)
        raise LimitExceeded("enough")

    world.at("do Walls", act)
    run_job(job)
    assert (job.status, job.error_text) == ("failed", "enough")


def test_a_cancel_in_the_last_step_comes_too_late(submit: Submit, world: World) -> None:
    job = submit()
    world.at("do Walls", lambda ctx: cancel(job))
    assert run_job(job).status == "succeeded"


def test_what_cannot_be_cancelled_says_why(submit: Submit, world: World) -> None:
    done = run_job(submit())
    with pytest.raises(InvalidParameter, match=f"job {done.uuid} is succeeded and cannot be cancelled"):
        cancel(done)
    turned = submit()
    world.at("do Walls", LimitExceeded("enough"))
    world.at("undo Foundation", RetryLater(60, "stuck"))
    engine.run(turned.pk)
    with pytest.raises(InvalidParameter, match="cannot be cancelled"):
        cancel(turned)


def test_a_failed_job_goes_on_from_the_step_that_failed(submit: Submit, world: World) -> None:
    job = submit(exclusive=["house:1"], shared=["street:1"], event_type="HOUSE.BUILD")
    world.at("built Walls", LimitExceeded("enough"))
    run_job(job)
    assert (job.status, states(job)) == ("failed", ["undone", "done", "undone"])
    retry(job)
    assert (job.status, job.phase, job.error_code, job.error_text) == ("pending", "forward", 0, "")
    assert states(job) == ["pending", "done", "pending"]
    assert set(job.locks.values_list("name", "exclusive", "granted")) == {
        ("house:1", True, False),
        ("street:1", False, False),
    }
    run_job(job)
    assert (job.status, job.error_text, states(job)) == ("succeeded", "", ["done"] * 3)
    assert world.parts(job) == rows_of(job) == {"Foundation", "Paint", "Walls"}
    assert world.times("do Paint") == 1, "its effect had stayed"
    assert job.data["Foundation"] == 2


def test_a_cancelled_job_can_be_run_again(submit: Submit, world: World) -> None:
    job = submit()
    world.at("do Paint", lambda ctx: cancel(job))
    run_jobs()
    assert_cancelled(job)
    assert run_job(retry(job)).status == "succeeded"
    assert not job.cancel_requested


def test_only_jobs_that_failed_are_run_again(submit: Submit) -> None:
    waiting = submit()
    with pytest.raises(InvalidParameter, match="did not fail: it is pending"):
        retry(waiting)
    run_job(waiting)
    with pytest.raises(InvalidParameter, match="did not fail"):
        retry(waiting)


def test_two_retries_are_one(submit: Submit, world: World) -> None:
    job = submit(exclusive=["house:1"])
    world.at("do Walls", LimitExceeded("enough"))
    stale = run_job(job)
    retry(job)
    with pytest.raises(InvalidParameter):
        retry(stale)
    assert job.locks.count() == 1


def test_a_retried_job_waits_for_its_locks_again(submit: Submit, world: World) -> None:
    """The old job comes before the one that holds the lock now, and yet neither blocks the other for ever."""
    old = submit(exclusive=["house:1"])
    world.at("do Walls", LimitExceeded("enough"))
    run_job(old)
    holder = submit(exclusive=["house:1"])
    world.at("do Paint", RetryLater(60, "wet"))
    engine.run(holder.pk)
    retry(old)
    assert not engine.run(old.pk)
    run_jobs()
    for job in (old, holder):
        job.refresh_from_db()
        assert job.status == "succeeded"
