"""What a measurement is, and how it is printed."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the report. ``floor`` is what the machine does without the platform; ``aim`` is what is wanted."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    floor_name: str = ""
    aim: float | None = None
    more_is_better: bool = False
    note: str = ""
    broken: bool = False
    """Something that the note names is wrong, whatever the value."""

    @property
    def ratio(self) -> float | None:
        if not self.floor or not self.value:
            return None
        return self.floor / self.value if self.more_is_better else self.value / self.floor

    @property
    def reached(self) -> bool | None:
        if self.broken:
            return False
        if self.aim is None:
            return None
        return self.value >= self.aim if self.more_is_better else self.value <= self.aim

    def line(self) -> str:
        parts = [f"{self.name:<58}{self.value:>10.1f} {self.unit:<10}"]
        if self.floor is not None:
            parts.append(f"floor {self.floor:>8.1f} ({self.floor_name}), ratio {self.ratio or 0:.1f}")
        if self.aim is not None:
            sign = "at least" if self.more_is_better else "at most"
            parts.append(f"aim {sign} {self.aim:g}: {'reached' if self.reached else 'MISSED'}")
        return "  ".join([*parts, self.note]).rstrip()


def percentile(values: Sequence[float], share: int) -> float:
    """The ``share``-th percentile of ``values``."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def milliseconds(action: Callable[[], object], *, times: int, warm: int = 3) -> list[float]:
    """How long ``action`` takes, ``times`` times, after ``warm`` runs that do not count."""
    for _ in range(warm):
        action()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken
