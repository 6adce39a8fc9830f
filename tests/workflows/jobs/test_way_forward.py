"""What a job that nothing disturbs leaves in its rows."""

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone

from cloudstack.framework.context import calling
from cloudstack.framework.errors import InternalError
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob, JobContext, dispatch, engine
from cloudstack.framework.jobs.models import JobStep
from cloudstack.testing.jobs import run_job
from tests.workflows.jobs.recording import ADMIRE, BUILD, World, rows_of

pytestmark = pytest.mark.django_db

Submit = Callable[..., AsyncJob]


def test_a_new_job_waits_with_all_its_steps(submit: Submit) -> None:
    job = submit(arguments={"house": "1"}, description="a house for two", queue="zone.x")
    assert (job.status, job.phase, job.epoch, job.owner, job.queue) == ("pending", "forward", 0, "", "zone.x")
    assert job.is_live
    assert [(row.name, row.title, row.state) for row in job.steps.all()] == [
        ("Foundation", "Lay the foundation", "pending"),
        ("Paint", "Paint, which stays", "pending"),
        ("Walls", "Raise the walls", "pending"),
    ]


def test_each_transition_is_stored_when_it_happens(submit: Submit, world: World) -> None:
    job = submit()
    seen: dict[str, list[str]] = {}

    def look(ctx: JobContext) -> None:
        seen[world.journal[-1]] = list(JobStep.objects.filter(job=job).values_list("state", flat=True))

    for moment in ("do Foundation", "done Foundation", "do Paint", "do Walls"):
        world.at(moment, look)
    run_job(job)
    assert seen == {
        "do Foundation": ["doing", "pending", "pending"],
        "done Foundation": ["doing", "pending", "pending"],
        "do Paint": ["done", "doing", "pending"],
        "do Walls": ["done", "done", "doing"],
    }


def test_a_job_that_succeeds_says_so_everywhere(submit: Submit, world: World) -> None:
    job = run_job(submit(exclusive=["house:1"], shared=["street:1"]))
    assert (job.status, job.phase, job.progress, job.progress_text) == ("succeeded", "forward", 100, "")
    assert (job.error_code, job.error_cs_code, job.error_text) == (0, 0, "")
    assert (job.owner, job.lease_until, job.epoch) == ("", None, 1)
    assert job.created <= job.started <= job.completed <= timezone.now()
    steps = list(job.steps.all())
    assert [step.state for step in steps] == ["done"] * 3
    assert all(step.started <= step.finished for step in steps)
    assert [step.finished for step in steps] == sorted(step.finished for step in steps)
    assert world.parts(job) == rows_of(job) == {"Foundation", "Paint", "Walls"}
    assert world.journal[0] == "load"
    assert world.journal[-1] == "on_succeeded"
    assert not job.locks.exists()


def test_a_finished_job_is_not_run_again(submit: Submit, world: World) -> None:
    job = run_job(submit())
    before = list(world.journal)
    assert engine.run(job.pk) is False
    assert engine.run(99_999_999) is False
    assert world.journal == before


def test_data_is_stored_with_the_next_transition(submit: Submit, world: World) -> None:
    job = submit()
    seen = []
    world.at("do Foundation", lambda ctx: ctx.data.update(host="h-1"))
    world.at("do Paint", lambda ctx: seen.append(AsyncJob.objects.get(pk=job.pk).data))
    run_job(job)
    assert seen == [{"host": "h-1", "Foundation": 1}]
    assert job.data == {"host": "h-1", "Foundation": 1, "Paint": 1, "Walls": 1}


def test_progress_and_log_lines_show_while_the_job_runs(submit: Submit, world: World) -> None:
    job = submit()
    seen: list[tuple[int, str]] = []

    def look(ctx: JobContext) -> None:
        row = AsyncJob.objects.get(pk=job.pk)
        seen.append((row.progress, row.progress_text))

    def report(ctx: JobContext) -> None:
        look(ctx)
        ctx.progress(50, "half of the paint")
        look(ctx)
        ctx.progress(1000, "x" * 400)
        look(ctx)
        ctx.log("the paint is blue")
        ctx.log("y" * 2000)

    world.at("do Paint", report)
    run_job(job)
    assert seen == [(33, "Paint, which stays"), (50, "half of the paint"), (66, "x" * 255)]
    assert [line.text for line in job.log_lines.all()] == ["the paint is blue", "y" * 1024]


def test_result_and_resource_are_kept(submit: Submit, world: World) -> None:
    job, other = submit(), submit()
    world.at("do Walls", lambda ctx: ctx.set_result(rooms=3), lambda ctx: ctx.set_resource(job))
    run_job(job)
    other.refresh_from_db()
    assert job.result == {"rooms": 3}
    assert (other.resource_type, other.resource_uuid) == ("AsyncJob", job.uuid)


def test_events_tell_the_life_of_the_job(submit: Submit, world: World) -> None:
    owner = uuid.uuid4()
    with calling(None, "trace-7"):
        good = submit(event_type="HOUSE.BUILD", description="house 7", account_uuid=owner)
        bad = submit(event_type="HOUSE.BUILD", description="house 8")
    world.at("do Walls", lambda ctx: None, InternalError("no bricks"))
    run_job(good)
    of = Event.objects.order_by("id")
    assert list(of.filter(job_uuid=good.uuid).values_list("state", "level", "description")) == [
        ("Scheduled", "INFO", "house 7"),
        ("Started", "INFO", "house 7"),
        ("Completed", "INFO", "house 7"),
    ]
    assert list(of.filter(job_uuid=bad.uuid).values_list("state", "level", "description")) == [
        ("Scheduled", "INFO", "house 8"),
        ("Started", "INFO", "house 8"),
        ("Completed", "ERROR", "house 8: no bricks"),
    ]
    assert set(of.filter(job_uuid=good.uuid).values_list("correlation_id", "account_uuid")) == {("trace-7", owner)}


def test_a_job_without_event_type_publishes_nothing(submit: Submit) -> None:
    run_job(submit())
    assert not Event.objects.exists()


def test_the_beginning_is_announced_once(submit: Submit, world: World) -> None:
    from cloudstack.framework.jobs import RetryLater

    job = submit(event_type="HOUSE.BUILD")
    world.at("do Paint", RetryLater(0, "wet"), RetryLater(0, "still wet"))
    run_job(job)
    assert job.epoch == 3
    assert Event.objects.filter(job_uuid=job.uuid, state="Started").count() == 1


def test_a_rolled_back_submission_leaves_nothing() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        dispatch(BUILD, exclusive=["house:1"], event_type="HOUSE.BUILD")
        raise RuntimeError
    assert not AsyncJob.objects.exists() and not JobStep.objects.exists() and not Event.objects.exists()


def test_an_unknown_workflow_is_refused_at_once() -> None:
    with pytest.raises(InternalError, match=r"no workflow is named tests\.nothing"):
        dispatch("tests.nothing")


def test_a_lock_named_both_ways_is_exclusive(submit: Submit) -> None:
    job = submit(ADMIRE, exclusive=["house:1", "house:1"], shared=["house:1", "street:1"])
    assert set(job.locks.values_list("name", "exclusive")) == {("house:1", True), ("street:1", False)}


def test_a_context_names_what_is_missing(submit: Submit, world: World) -> None:
    world.at("do Foundation", lambda ctx: ctx.host)
    job = run_job(submit())
    assert job.error_code == 530
    words = "AttributeError: the workflow tests.house.build has not put 'host' into its context"
    assert [line.text for line in job.log_lines.all()] == [words]
    assert job.error_text == "internal error (AttributeError)", "owners read no more"
