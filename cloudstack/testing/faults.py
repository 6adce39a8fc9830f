"""Things that go wrong on demand: drivers that fail or are slow, workers that are killed in the middle of a job."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from cloudstack.framework.jobs import engine, registry
from cloudstack.framework.jobs.steps import Step
from cloudstack.testing.jobs import WorkerKilled
from cloudstack.testing.watching import KINDS, verbs, watched_drivers

MOMENTS = ("before", "after", "before undo", "after undo")


@dataclass
class Fault:
    """What is to happen, and how often it has."""

    place: str
    act: Callable[[], None]
    left: int | None
    used: int = 0


class Faults:
    """Faults of one test; the fixture ``faults`` makes it. ``calls`` are the drivers' calls so far, by name.

    Drivers of plugins, of the simulator and of the stage are all reached, in the process of the test.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._drivers: list[Fault] = []
        self._steps: list[tuple[type[Step] | str, str, Fault]] = []

    def raise_in(self, call: str, error: BaseException | type[BaseException], *, times: int | None = 1) -> None:
        """Have the next ``times`` calls (None: all) of a driver raise ``error`` in the place of acting.

        ``call`` is kind and verb: ``hypervisor.start``, ``storage.create_volume``, ``images.put``,
        ``network.implement``, ``agent.bridge.ensure``, ``discovery.find_hosts``. Raises ``ValueError`` for one that
        there is not.
        """

        def act() -> None:
            raise error

        self._drivers.append(Fault(_known(call), act, times))

    def delay(self, call: str, seconds: float, *, times: int | None = None) -> None:
        """Have calls of a driver take ``seconds`` longer."""
        self._drivers.append(Fault(_known(call), lambda: time.sleep(seconds), times))

    def crash_at(self, step: type[Step] | str, moment: str = "after", *, times: int = 1) -> None:
        """Have the worker be killed ``before`` a step of a job does its work, or ``after`` it, when nothing says yet
        that it is done; or ``before undo``, ``after undo``.

        ``step`` is the class or its name. ``run_jobs`` lets another worker take the job up, as in a real cloud.
        """
        if moment not in MOMENTS:
            raise ValueError(f"moment {moment!r} must be one of {', '.join(MOMENTS)}")
        names = {cls.__name__ for name in registry.names() for cls in registry.get(name).steps}
        name = step if isinstance(step, str) else step.__name__
        if name not in names:
            raise ValueError(f"no workflow has a step {name!r}; there are {', '.join(sorted(names))}")

        def act() -> None:
            raise WorkerKilled(f"{moment} {name}")

        self._steps.append((step, moment, Fault(f"{name} ({moment})", act, times)))

    def unused(self) -> list[str]:
        """Faults that never happened: a test that shows nothing."""
        return [fault.place for fault in [*self._drivers, *(fault for *_, fault in self._steps)] if not fault.used]

    @contextlib.contextmanager
    def installed(self) -> Iterator["Faults"]:
        """Inside, what was asked for happens."""
        load = engine.JobRunner._load

        def loaded(runner: engine.JobRunner) -> bool:
            ok = load(runner)
            for step in getattr(runner, "steps", ()):
                self._arm(step)
            return ok

        with watched_drivers(self._before, lambda call: None), patch.object(engine.JobRunner, "_load", loaded):
            yield self

    def _before(self, call: str) -> None:
        self.calls.append(call)
        for fault in self._drivers:
            if fault.place == call:
                _happen(fault)

    def _arm(self, step: Any) -> None:
        for wanted, moment, fault in self._steps:
            if wanted in (type(step), type(step).__name__):
                when, _, verb = moment.partition(" ")
                verb = verb or "do"
                setattr(step, verb, _around(getattr(step, verb), when, fault))


def _around(work: Callable[..., Any], when: str, fault: Fault) -> Callable[..., Any]:
    def call(ctx: Any) -> Any:
        if when == "before":
            _happen(fault)
        answer = work(ctx)
        if when == "after":
            _happen(fault)
        return answer

    return call


def _happen(fault: Fault) -> None:
    if fault.left == 0:
        return
    if fault.left is not None:
        fault.left -= 1
    fault.used += 1
    fault.act()


def _known(call: str) -> str:
    kind, _, verb = call.partition(".")
    if kind not in KINDS:
        raise ValueError(f"{call!r} must be kind and verb, such as hypervisor.start; kinds are {', '.join(KINDS)}")
    if verb not in (known := verbs(kind)):
        raise ValueError(f"no driver has {call!r}; {kind} has {', '.join(sorted(known))}")
    return call
