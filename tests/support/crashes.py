"""Crash points of the core's own operations, from one savepoint, divided among the databases that the suite runs on."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from cloudstack.testing.crashes import Crash, CrashPoints, trial
from cloudstack.testing.jobs import run_jobs

__all__ = ["Crash", "CrashPoints", "crash_everywhere", "rolled_back"]


@contextmanager
def rolled_back() -> Iterator[None]:
    """One of many trials from the same beginning: what happens inside leaves no row."""
    assert connection.in_atomic_block, "a test of crashes everywhere runs in a transaction"
    trial = transaction.atomic()
    # As Django marks the transactions around its own tests: for the code in it there is none.
    trial._from_testcase = True
    with trial:
        yield
        transaction.set_rollback(True)


def crash_everywhere(
    operation: Callable[[], Any], check: Callable[[Any, str], None], *, most: int = 300, every: int = 1
) -> list[str]:
    """As the kit's, at half of all points, on drivers whose world is rows: ``operation`` is not made anew for each.

    The first trial is without a crash, and what it leaves (a template on its pool) is there for the others; each of
    those begins where ``operation`` ended, and is rolled back. Most of bin/test is spent here, and it runs on two
    databases: SQLite takes the odd points and PostgreSQL the even ones; ``CRASH_POINTS=all`` has either take all.
    ``every``: of a long operation only each so many of these points, and no trial without a crash.
    """
    first, step = (1, 1) if os.environ.get("CRASH_POINTS") == "all" else (1 + (connection.vendor == "postgresql"), 2)
    if step > 1:
        step *= every
    answer = operation()
    if every == 1:
        run_jobs()
        check(answer, "no crash")
        answer = operation()
    for at in range(first, most, step):
        with rolled_back():
            passed = trial(at, answer, check)
        if len(passed) < at:
            return passed
    raise AssertionError(f"more than {most} crash points")
