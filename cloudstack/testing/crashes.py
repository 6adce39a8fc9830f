"""Crash points: every write of the job engine and every call of a driver, just before and just after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from cloudstack.framework.jobs import engine, ownership
from cloudstack.testing.jobs import run_jobs, worker_died
from cloudstack.testing.watching import watched_drivers

ENGINE_POINTS = ("_enter", "_store", "_succeed", "_turn_back", "_park")
DRIVERS = ("hypervisor", "storage", "images", "agent")
"""Those that act. Elements of networks call agents, which count."""


class Crash(BaseException):
    """The worker dies here: nothing of it runs on."""


class CrashPoints:
    """Counts the points that a run passes and dies at the one asked for (1 is the first, 0 never)."""

    def __init__(self, at: int):
        self.at = at
        self.passed: list[str] = []

    def reach(self, name: str) -> None:
        """Die here, if this is the point."""
        self.passed.append(name)
        if len(self.passed) == self.at:
            raise Crash(f"point {self.at}: {name}")

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function`` with a point before and one after it."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.reach(f"before {name}")
            result = function(*args, **kwargs)
            self.reach(f"after {name}")
            return result

        return call


@contextmanager
def crashing(at: int) -> Iterator[CrashPoints]:
    """Inside, the run of jobs dies at point ``at``."""
    points = CrashPoints(at)
    runner = engine.JobRunner

    def before(call: str) -> None:
        points.reach(f"before driver call {call.partition('.')[2]}")

    def after(call: str) -> None:
        points.reach(f"after driver call {call.partition('.')[2]}")

    with (
        watched_drivers(before, after, kinds=DRIVERS),
        patch.object(engine, "claim", points.around("claim", ownership.claim)),
        patch.multiple(
            runner,
            **{name: _method(points, name, getattr(runner, name)) for name in ENGINE_POINTS},
        ),
    ):
        yield points


def _method(points: CrashPoints, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        points.reach(f"before {name}")
        result = original(self, *args, **kwargs)
        points.reach(f"after {name}")
        return result

    return call


def crash_everywhere(
    operation: Callable[[], Any], check: Callable[[Any, str], None], *, most: int = 300, first: int = 1, step: int = 1
) -> list[str]:
    """Run ``operation`` (which submits jobs and answers something) with a crash at each point in turn.

    After each crash another worker takes over and ``check(answer, point)`` must pass. Answers the points. ``first``
    and ``step`` leave some out; a job has a few dozen, and each costs a whole run.
    """
    for at in range(first, most, step):
        passed = trial(at, operation(), check)
        if len(passed) < at:
            return passed
    raise AssertionError(f"more than {most} crash points")


def trial(at: int, answer: Any, check: Callable[[Any, str], None]) -> list[str]:
    """Carry out the jobs there are with a crash at point ``at``; another worker takes over, and ``check`` must pass.

    Answers the points that the first worker came to: fewer than ``at`` when it came to its end before.
    """
    with crashing(at) as points, suppress(Crash):
        run_jobs()
    worker_died()
    run_jobs()
    point = points.passed[at - 1] if len(points.passed) >= at else "the end"
    check(answer, f"crash at point {at}: {point}")
    return points.passed
