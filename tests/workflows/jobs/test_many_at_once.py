"""Eight workers at the same rows on PostgreSQL: threads with a connection each."""

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.factories import root_caller
from cloudstack.framework.jobs import (
    AsyncJob,
    JobContext,
    Step,
    Workflow,
    bell,
    dispatch,
    engine,
    locks,
    outcome,
    registry,
)
from cloudstack.framework.jobs.control import JobManager
from cloudstack.framework.jobs.models import JobLock
from cloudstack.framework.jobs.ownership import Ownership, claim
from tests.workflows.jobs.recording import ADMIRE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

WORKERS = 8
USE = "tests.tools.use"


class Tools:
    """Who has which tool in hand. ``take`` finds out when two have what only one may have."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.exclusive: set[str] = set()
        self.shared: list[str] = []
        self.faults: list[str] = []
        self.taken = 0

    def use(self, wanted: list[Any]) -> None:
        with self.guard:
            self.taken += 1
            for name, alone in wanted:
                if name in self.exclusive or (alone and name in self.shared):
                    self.faults.append(name)
            self.exclusive |= {name for name, alone in wanted if alone}
            self.shared += [name for name, alone in wanted if not alone]
        time.sleep(0.002)
        with self.guard:
            self.exclusive -= {name for name, alone in wanted if alone}
            for name, alone in wanted:
                if not alone:
                    self.shared.remove(name)


tools = Tools()


class UseThem(Step):
    title = "Use the tools"

    def do(self, ctx: JobContext) -> None:
        tools.use(ctx.job.lock_names)


class Use(Workflow):
    name = USE
    title = "Use tools"
    steps = [UseThem]


def at_once(act: Callable[[int], Any], count: int = WORKERS) -> list[Any]:
    gate = threading.Barrier(count)

    def one(number: int) -> Any:
        try:
            gate.wait(20)
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_a_job_has_one_owner_however_many_ask() -> None:
    jobs = [dispatch(ADMIRE).pk for _ in range(30)]

    def take(number: int) -> list[int]:
        mine = random.Random(number).sample(jobs, len(jobs))
        return [job_id for job_id in mine if claim(job_id) is not None]

    claimed = [job_id for part in at_once(take) for job_id in part]
    assert sorted(claimed) == jobs
    assert set(AsyncJob.objects.values_list("epoch", flat=True)) == {1}


def test_a_lapsed_job_has_one_new_owner() -> None:
    from cloudstack.testing.jobs import worker_died

    jobs = [dispatch(ADMIRE, exclusive=[f"house:{n}"]).pk for n in range(10)]
    assert all(claim(job_id) for job_id in jobs)
    worker_died()
    time.sleep(0.01)
    results = at_once(lambda _: [job_id for job_id in jobs if claim(job_id) is not None])
    assert sorted(job_id for part in results for job_id in part) == jobs
    assert set(AsyncJob.objects.values_list("epoch", flat=True)) == {2}


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator["queue.Queue[int]"]:
    """The broker as a queue in this process; nobody sweeps."""
    sent: queue.Queue[int] = queue.Queue()

    def ring(job_id: int, name: str, *, delay_s: float = 0) -> None:
        sent.put(job_id)

    monkeypatch.setattr(bell, "ring", ring)
    monkeypatch.setattr(outcome, "ring", ring)
    tools.__init__()  # type: ignore[misc]
    monkeypatch.setitem(registry._workflows, USE, Use)
    yield sent


@pytest.mark.parametrize("seed", [1, 2])
def test_locks_hold_and_every_job_is_woken(messages: "queue.Queue[int]", seed: int) -> None:
    """Jobs with any locks arrive while others run. No wake-up is lost, so that no sweeper is needed."""
    chance = random.Random(seed)
    count = 80
    plans = [
        {
            "exclusive": chance.sample("abcdef", chance.randint(0, 2)),
            "shared": chance.sample("abcdefzone", chance.randint(0, 3)),
        }
        for _ in range(count)
    ]
    done = threading.Event()

    def act(number: int) -> None:
        if number >= WORKERS:
            for plan in plans[number - WORKERS :: 2]:
                dispatch(USE, **plan)
            return
        while not done.is_set():
            try:
                engine.run(messages.get(timeout=0.1))
            except queue.Empty:
                if tools.taken == count:
                    done.set()
            if time.monotonic() > deadline:
                return

    deadline = time.monotonic() + 60
    at_once(act, WORKERS + 2)
    left = list(AsyncJob.objects.filter(status__in=AsyncJob.LIVE).values_list("pk", "lock_names"))
    assert left == [], "some were never woken"
    assert tools.taken == count
    assert tools.faults == []
    assert not JobLock.objects.exists()


def test_a_wake_up_that_meets_a_held_row_is_not_lost(
    messages: "queue.Queue[int]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker sees that the locks are taken. Before it lets go they are free, and the bell meets it there."""
    first, second = dispatch(USE, exclusive=["a"]), dispatch(USE, exclusive=["a"])
    owned = claim(first.pk)
    assert owned
    looked, rung = threading.Event(), threading.Event()
    try_grant = locks.try_grant

    def slowly(job: AsyncJob) -> bool:
        granted = try_grant(job)
        if job.pk == second.pk and not looked.is_set():
            looked.set()
            assert rung.wait(60)
        return granted

    monkeypatch.setattr(locks, "try_grant", slowly)

    def act(number: int) -> bool:
        if number == 0:
            return engine.run(second.pk)
        try:
            assert looked.wait(60)
            while not messages.empty():
                messages.get()
            with Ownership(owned) as own:
                engine.JobRunner(owned, own).run()
            assert messages.get(timeout=60) == second.pk
            return engine.run(second.pk)
        finally:
            rung.set()

    assert at_once(act, 2) == [True, False]
    assert not AsyncJob.objects.filter(status__in=AsyncJob.LIVE).exists()


def test_a_row_in_a_stopped_transaction_stops_nobody_else() -> None:
    """A worker froze inside a transaction of its step. Who comes for the job goes on to other work at once."""
    job = dispatch(ADMIRE)
    owned = claim(job.pk)
    assert owned
    frozen, go = threading.Event(), threading.Event()

    def freeze(number: int) -> None:
        if number == 0:
            with transaction.atomic():
                AsyncJob.objects.filter(pk=job.pk).update(progress=5)
                frozen.set()
                assert go.wait(20)
            return
        try:
            assert frozen.wait(20)
            began = time.monotonic()
            assert engine.run(job.pk) is False
            assert time.monotonic() - began < 5
        finally:
            go.set()

    from cloudstack.testing.jobs import worker_died

    worker_died()
    at_once(freeze, 2)
    assert engine.run(job.pk), "and when it is free it is to be had"


def test_an_older_job_that_appears_late_does_not_slip_in() -> None:
    """The younger job is taking the lock just now; the older one, asked for again, must see that."""
    older, younger = dispatch(ADMIRE, exclusive=["a"]), dispatch(ADMIRE, exclusive=["a"])
    JobLock.objects.filter(job=older).delete()
    AsyncJob.objects.filter(pk=older.pk).update(status=AsyncJob.Status.FAILED)
    taken, tried = threading.Event(), threading.Event()

    def act(number: int) -> bool:
        if number == 0:
            with transaction.atomic():
                assert locks.try_grant(younger)
                taken.set()
                tried.wait(1)
            return True
        assert taken.wait(20)
        JobManager().retry(caller=root_caller(), job=older)
        answer = claim(older.pk) is not None
        tried.set()
        return answer

    assert at_once(act, 2) == [True, False]
    assert list(JobLock.objects.order_by("job_id").values_list("granted", flat=True)) == [False, True]
