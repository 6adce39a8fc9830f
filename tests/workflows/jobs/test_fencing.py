"""A worker that lost its job can change nothing any more."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater, engine
from cloudstack.framework.jobs.models import JobStep
from cloudstack.framework.jobs.ownership import LeaseLostError, Ownership, claim
from cloudstack.testing.jobs import worker_died
from tests.workflows.jobs.recording import World, rows_of

pytestmark = pytest.mark.django_db

Submit = Callable[..., AsyncJob]


def take_over(job: AsyncJob) -> Callable[[JobContext], None]:
    """While a step runs its lease ends and another worker takes the job and completes it."""

    def act(ctx: JobContext) -> None:
        AsyncJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        assert engine.run(job.pk)

    return act


def snapshot(job: AsyncJob) -> object:
    row = AsyncJob.objects.filter(pk=job.pk).values().get()
    steps = list(JobStep.objects.filter(job=job).values())
    return row, steps, list(ConfigValue.objects.filter(scope_uuid=str(job.uuid)).order_by("pk").values())


@pytest.mark.parametrize("moment", ["do Foundation", "built Paint", "done Walls"])
def test_the_old_owner_writes_nothing(
    submit: Submit, world: World, moment: str, caplog: pytest.LogCaptureFixture
) -> None:
    job = submit(exclusive=["house:1"], event_type="HOUSE.BUILD")
    seen: list[object] = []

    def act(ctx: JobContext) -> None:
        take_over(job)(ctx)
        seen.append(snapshot(job))
        ctx.data["late"] = True

    world.at(moment, act)
    assert engine.run(job.pk)
    assert snapshot(job) == seen[0]
    job.refresh_from_db()
    assert (job.status, job.epoch) == ("succeeded", 2)
    assert "late" not in job.data
    assert f"job {job.uuid} belongs to another worker" in caplog.text
    assert {world.built[str(job.uuid), part] for part in ("Foundation", "Paint", "Walls")} == {1}


def test_a_transaction_of_the_old_owner_is_refused_at_its_beginning(submit: Submit, world: World) -> None:
    job = submit()
    reached = []

    def act(ctx: JobContext) -> None:
        take_over(job)(ctx)
        with pytest.raises(LeaseLostError), ctx.transaction():
            reached.append(1)
        for write in (lambda: ctx.progress(50), ctx.check):
            with pytest.raises(LeaseLostError):
                write()

    world.at("do Paint", act)
    engine.run(job.pk)
    assert reached == []


@pytest.mark.parametrize("way_out", [RetryLater(5, "later"), ValueError("broke")], ids=["park", "fail"])
def test_the_old_owner_neither_parks_nor_fails_the_job(submit: Submit, world: World, way_out: Exception) -> None:
    job = submit()

    def act(ctx: JobContext) -> None:
        take_over(job)(ctx)
        raise way_out

    world.at("done Walls", act)
    engine.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.error_text, rows_of(job)) == ("succeeded", "", {"Foundation", "Paint", "Walls"})


def test_the_old_owner_undoes_nothing(submit: Submit, world: World) -> None:
    job = submit()
    world.at("done Walls", ValueError("broke"))
    world.at("undo Walls", take_over(job))
    engine.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.epoch) == ("failed", 2)
    assert world.times("undo Foundation") == 1


def test_epoch_rises_with_each_claim_and_fences(submit: Submit) -> None:
    job = submit()
    first = claim(job.pk)
    assert first and first.epoch == 1
    assert claim(job.pk) is None, "a doubled message"
    worker_died()
    second = claim(job.pk)
    assert second and second.epoch == 2
    with pytest.raises(LeaseLostError):
        Ownership(first).write(progress=99)
    Ownership(second).write(progress=7)
    job.refresh_from_db()
    assert (job.progress, job.status) == (7, "running")


def test_a_lease_is_renewed_while_a_step_runs_long(transactional_db: None, submit: Submit, settings) -> None:
    import time

    settings.JOB_LEASE_S = 0.6
    job = claim(submit().pk)
    assert job
    with Ownership(job):
        time.sleep(1.5)
        assert claim(job.pk) is None
    time.sleep(0.8)
    assert claim(job.pk), "nobody renews it any more"


def test_doubled_messages_run_a_job_once(submit: Submit, world: World) -> None:
    job = submit()
    world.at("do Paint", lambda ctx: engine.run(job.pk))
    for _ in range(3):
        engine.run(job.pk)
    assert world.times("do Foundation") == world.times("do Paint") == world.times("load") == 1


def test_the_newest_facts_count(submit: Submit, world: World) -> None:
    """A claim works with what the last owner stored, not with what was there when it first looked."""
    job = submit()
    world.at("do Paint", RetryLater(0, "wet"))
    world.at("do Foundation", lambda ctx: ctx.data.update(colour="blue"))
    engine.run(job.pk)
    owned = claim(job.pk)
    assert owned
    assert owned.data == {"colour": "blue", "Foundation": 1}
