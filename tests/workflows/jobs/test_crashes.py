"""The worker dies before or after every write of the engine and inside every do and undo; another takes over."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from cloudstack.framework.errors import ResourceUnavailable
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob
from cloudstack.framework.jobs.models import JobLock, JobStep
from cloudstack.testing.jobs import run_jobs, worker_died
from tests.workflows.jobs.recording import Crash, World, nothing, rows_of

pytestmark = pytest.mark.django_db

Submit = Callable[..., AsyncJob]
MOMENTS = [f"{verb} {part}" for part in ("Foundation", "Paint", "Walls") for verb in ("do", "built", "done")]
UNDO_MOMENTS = ["undo Walls", "pulled down Walls", "undo Foundation", "pulled down Foundation"]


class DyingDatabase:
    """Counts statements that write and dies before or after the one asked for."""

    def __init__(self, at: int, *, after: bool):
        self.at, self.after, self.count = at, after, 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            return execute(sql, params, many, context)
        self.count += 1
        if self.count == self.at and not self.after:
            raise Crash
        result = execute(sql, params, many, context)
        if self.count == self.at and self.after:
            raise Crash
        return result


@contextmanager
def dying(at: int, *, after: bool = False) -> Iterator[DyingDatabase]:
    database = DyingDatabase(at, after=after)
    with connection.execute_wrapper(database):
        yield database


def run_until_it_dies() -> bool:
    try:
        run_jobs()
    except Crash:
        return True
    return False


def recover() -> None:
    worker_died()
    run_jobs()


def assert_ended_well(job: AsyncJob, world: World, *, failed: bool) -> None:
    job.refresh_from_db()
    stays = {"Paint"}
    expected = stays if failed else {"Foundation", "Paint", "Walls"}
    assert job.status == ("failed" if failed else "succeeded")
    assert world.parts(job) == rows_of(job) == expected
    key = {part: (str(job.uuid), part) for part in ("Foundation", "Paint", "Walls")}
    for part in expected:
        assert world.built[key[part]] - world.pulled_down[key[part]] == 1
    for part in set(key) - expected:
        assert world.built[key[part]] == world.pulled_down[key[part]]
    states = dict(job.steps.values_list("name", "state"))
    undone = {"Foundation": "undone", "Paint": "done", "Walls": "undone"}
    assert states == (undone if failed else dict.fromkeys(states, "done"))
    assert (job.owner, job.lease_until) == ("", None)
    assert not JobLock.objects.filter(job=job).exists()
    ends = Event.objects.filter(job_uuid=job.uuid).order_by("id").values_list("state", flat=True)
    assert list(ends) == ["Scheduled", "Started", "Completed"]


def fail_at_the_end(world: World) -> None:
    """The last step always fails half way, however often it is tried."""
    world.at("built Walls", *[ResourceUnavailable("the roof fell in")] * 5)


def submit_one(submit: Submit) -> AsyncJob:
    return submit(exclusive=["house:1"], shared=["street:1"], event_type="HOUSE.BUILD")


@pytest.mark.parametrize("failed", [False, True], ids=["forward", "undone"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_death_at_every_write(submit: Submit, world: World, failed: bool, after: bool) -> None:
    at, deaths = 0, 0
    while True:
        at += 1
        world.reset()
        if failed:
            fail_at_the_end(world)
        job = submit_one(submit)
        with dying(at, after=after) as database:
            died = run_until_it_dies()
        recover()
        assert_ended_well(job, world, failed=failed)
        if not died:
            break
        deaths += 1
    assert deaths == database.count > 20


@pytest.mark.parametrize("moment", MOMENTS)
def test_death_inside_a_step(submit: Submit, world: World, moment: str) -> None:
    job = submit_one(submit)
    world.at(moment, Crash)
    assert run_until_it_dies()
    before = world.times(moment)
    recover()
    assert before == 1
    assert_ended_well(job, world, failed=False)


@pytest.mark.parametrize("moment", [*MOMENTS[:-1], *UNDO_MOMENTS, "on_failed"])
def test_death_on_the_way_to_a_failure(submit: Submit, world: World, moment: str) -> None:
    job = submit_one(submit)
    world.at(moment, Crash)
    fail_at_the_end(world)
    assert run_until_it_dies()
    recover()
    assert_ended_well(job, world, failed=True)


@pytest.mark.parametrize("seed", range(12))
def test_death_again_and_again(submit: Submit, world: World, seed: int) -> None:
    chance = random.Random(seed)
    failed = bool(seed % 2)
    if failed:
        fail_at_the_end(world)
    job = submit_one(submit)
    deaths = 0
    for _ in range(6):
        with dying(chance.randint(1, 14), after=chance.random() < 0.5):
            deaths += run_until_it_dies()
        worker_died()
    run_jobs()
    assert deaths
    assert_ended_well(job, world, failed=failed)


def test_a_step_that_had_happened_is_not_done_again(submit: Submit, world: World) -> None:
    job = submit()
    world.at("done Foundation", Crash)
    assert run_until_it_dies()
    recover()
    assert_step_counts(world, {"do Foundation": 1, "verify Foundation": 1, "do Paint": 1, "verify Paint": 0})
    job.refresh_from_db()
    assert (job.status, job.epoch) == ("succeeded", 2)


def test_a_step_that_happened_in_part_is_done_again(submit: Submit, world: World) -> None:
    submit()
    world.at("built Paint", Crash)
    assert run_until_it_dies()
    recover()
    assert_step_counts(world, {"do Foundation": 1, "verify Foundation": 0, "do Paint": 2, "verify Paint": 1})


def assert_step_counts(world: World, expected: dict[str, int]) -> None:
    assert {moment: world.times(moment) for moment in expected} == expected


def test_what_a_crashed_step_put_into_data_is_gone(submit: Submit, world: World) -> None:
    """Only stored transitions count: the next owner begins from what they say."""
    job = submit()
    world.at("do Paint", lambda ctx: ctx.data.update(colour="blue"), nothing)
    world.at("built Paint", Crash)
    assert run_until_it_dies()
    assert AsyncJob.objects.get(pk=job.pk).data == {"Foundation": 1}
    recover()
    assert AsyncJob.objects.get(pk=job.pk).data == {"Foundation": 1, "Paint": 1, "Walls": 1}


def test_a_job_stays_with_its_worker_until_the_lease_ends(submit: Submit, world: World) -> None:
    job = submit(exclusive=["house:1"])
    world.at("do Paint", Crash)
    assert run_until_it_dies()
    assert run_jobs() == 0
    assert list(JobStep.objects.filter(job=job).values_list("state", flat=True)) == ["done", "doing", "pending"]
    assert JobLock.objects.get(job=job).granted
    recover()
    job.refresh_from_db()
    assert job.status == "succeeded"
