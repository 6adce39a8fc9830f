"""Locks of jobs: all or none, first in first out, and whoever waits counts."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from cloudstack.framework.jobs import AsyncJob, dispatch, outcome
from cloudstack.framework.jobs.models import JobLock
from cloudstack.framework.jobs.ownership import Ownership, claim
from cloudstack.testing.jobs import run_jobs
from tests.workflows.jobs.recording import ADMIRE

pytestmark = pytest.mark.django_db

Submit = Callable[..., AsyncJob]


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs that were woken by the end of others."""
    woken: list[int] = []
    monkeypatch.setattr(outcome, "ring", lambda job_id, queue: woken.append(job_id))
    return woken


def finish(job: AsyncJob) -> None:
    with transaction.atomic():
        outcome.finish(job, Ownership(job), AsyncJob.Status.SUCCEEDED)


def held(job: AsyncJob) -> set[bool]:
    return set(JobLock.objects.filter(job=job).values_list("granted", flat=True))


def admire(submit: Submit, *, x: str = "", s: str = "") -> AsyncJob:
    return submit(ADMIRE, exclusive=x.split(), shared=s.split())


def test_one_at_a_time(submit: Submit) -> None:
    first, second = admire(submit, x="a"), admire(submit, x="a")
    assert claim(second.pk) is None, "the older one comes first, even while it waits"
    owned = claim(first.pk)
    assert owned and held(first) == {True}
    assert claim(second.pk) is None and held(second) == {False}
    finish(owned)
    assert claim(second.pk)


def test_readers_go_together_and_a_writer_waits_for_all(submit: Submit) -> None:
    readers = [admire(submit, s="a") for _ in range(3)]
    writer = admire(submit, x="a")
    owned = [claim(reader.pk) for reader in reversed(readers)]
    assert all(owned)
    for reader in owned:
        assert claim(writer.pk) is None
        finish(reader)
    assert claim(writer.pk)


def test_a_writer_does_not_starve(submit: Submit) -> None:
    reader, writer, late = admire(submit, s="a"), admire(submit, x="a"), admire(submit, s="a")
    owned = claim(reader.pk)
    assert claim(late.pk) is None, "it came after a writer that waits"
    finish(owned)
    owned = claim(writer.pk)
    assert owned and claim(late.pk) is None
    finish(owned)
    assert claim(late.pk)


def test_all_locks_or_none(submit: Submit) -> None:
    holder, both, other = admire(submit, x="a"), admire(submit, x="a b"), admire(submit, x="b")
    assert claim(holder.pk)
    assert claim(both.pk) is None
    assert held(both) == {False}
    assert claim(other.pk) is None, "a waiting job's locks count as taken"


def test_different_locks_do_not_meet(submit: Submit) -> None:
    assert all(claim(admire(submit, x=name, s="zone").pk) for name in "abc")


def test_the_end_of_a_job_rings_for_those_that_may_go_on(
    submit: Submit, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    holder = claim(admire(submit, x="a b").pk)
    first, second = admire(submit, x="a"), admire(submit, x="a")
    readers = [admire(submit, s="b") for _ in range(3)]
    writer = admire(submit, x="b")
    admire(submit, s="b")
    admire(submit, x="elsewhere")
    with django_capture_on_commit_callbacks(execute=True):
        finish(holder)
    assert rung == [first.pk, *(reader.pk for reader in readers)]
    assert second.pk not in rung and writer.pk not in rung


def test_a_long_line_hides_nobody(submit: Submit, rung: list[int], django_capture_on_commit_callbacks: Any) -> None:
    """Many wait for one lock; the only one that waits for the other is rung for all the same."""
    holder = claim(admire(submit, x="a b").pk)
    waiting = AsyncJob.objects.bulk_create(AsyncJob(name=ADMIRE, lock_names=[["a", False]]) for _ in range(260))
    JobLock.objects.bulk_create(JobLock(job=job, name="a", exclusive=False) for job in waiting)
    last = admire(submit, x="b")
    with django_capture_on_commit_callbacks(execute=True):
        finish(holder)
    assert last.pk in rung
    assert len(rung) == 51, "not all readers at once"


def test_a_job_that_asked_for_nothing_rings_for_nobody(
    submit: Submit, rung: list[int], django_capture_on_commit_callbacks: Any, django_assert_num_queries: Any
) -> None:
    job = claim(admire(submit).pk)
    with django_capture_on_commit_callbacks() as callbacks:
        finish(job)
    with django_assert_num_queries(0):
        for callback in callbacks:
            callback()
    assert rung == []


def test_a_job_that_is_not_due_takes_no_locks(submit: Submit) -> None:
    from datetime import timedelta

    from django.utils import timezone

    job = admire(submit, x="a")
    AsyncJob.objects.filter(pk=job.pk).update(wake_at=timezone.now() + timedelta(hours=1))
    assert claim(job.pk) is None
    assert held(job) == {False}


Names = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=3)


class Locks(RuleBasedStateMachine):
    """Jobs with any locks, claimed and ended in any order, against what the words above say."""

    waiting_jobs: Any = Bundle("waiting")
    running_jobs: Any = Bundle("running")

    def __init__(self) -> None:
        super().__init__()
        AsyncJob.objects.all().delete()
        self.locks: dict[int, dict[str, bool]] = {}
        self.waiting: list[int] = []
        self.running: dict[int, AsyncJob] = {}

    @rule(target=waiting_jobs, names=Names)
    def submit(self, names: list[tuple[str, bool]]) -> int:
        exclusive = {name for name, alone in names if alone}
        shared = {name for name, _ in names} - exclusive
        job = dispatch(ADMIRE, exclusive=exclusive, shared=shared)
        self.locks[job.pk] = dict.fromkeys(exclusive, True) | dict.fromkeys(shared, False)
        self.waiting.append(job.pk)
        return job.pk

    @rule(target=running_jobs, job_id=waiting_jobs)
    def claim(self, job_id: int) -> int:
        if job_id not in self.waiting:
            return job_id
        job = claim(job_id)
        before = [other for other in (*self.running, *self.waiting) if other in self.running or other < job_id]
        free = not any(self.clash(job_id, other) for other in before)
        assert (job is not None) == free
        if job:
            self.waiting.remove(job_id)
            self.running[job_id] = job
        return job_id

    @rule(job_id=consumes(running_jobs))
    def end(self, job_id: int) -> None:
        job = self.running.pop(job_id, None)
        if job:
            finish(job)

    def clash(self, one: int, other: int) -> bool:
        if one == other:
            return False
        mine, theirs = self.locks[one], self.locks[other]
        return any(mine[name] or theirs[name] for name in mine.keys() & theirs.keys())

    @invariant()
    def nobody_shares_what_is_exclusive(self) -> None:
        running = list(self.running)
        assert not any(self.clash(one, other) for one in running for other in running)
        granted = set(JobLock.objects.filter(granted=True).values_list("job_id", flat=True))
        assert granted == {job_id for job_id in running if self.locks[job_id]}

    @invariant()
    def somebody_can_go_on(self) -> None:
        if self.waiting and not self.running:
            oldest = min(self.waiting)
            assert not any(self.clash(oldest, other) for other in self.running)

    def teardown(self) -> None:
        """No deadlock: when those that run have ended, all that wait come to their turn, in any order of asking."""
        for job in self.running.values():
            finish(job)
        run_jobs()
        assert not AsyncJob.objects.filter(status__in=AsyncJob.LIVE).exists()
        assert not JobLock.objects.exists()


def test_any_order_of_claims(world: Any) -> None:
    run_state_machine_as_test(
        Locks,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
