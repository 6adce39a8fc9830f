"""Which stretch of time a moment belongs to, which stretches are to be made, and how several become one.

Pure: no clock, no database. Stretches of a width begin at whole multiples of it since 1970 in UTC, so each wider one
is made of whole narrower ones.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

MINUTE, FIVE_MINUTES, HOUR, DAY = 60, 300, 3600, 86_400
"""Widths of stretches in seconds; each is a multiple of the one before."""


def stretch(moment: datetime, width_s: int) -> datetime:
    """When the stretch of ``width_s`` seconds began that ``moment`` lies in."""
    seconds = int(moment.timestamp() // width_s) * width_s
    return datetime.fromtimestamp(seconds, tz=UTC)


def due(
    first_after: Callable[[datetime], datetime | None], *, done: datetime | None, until: datetime, width_s: int
) -> Iterator[datetime]:
    """Beginnings of the stretches that are over by ``until`` and have figures, the oldest first.

    ``first_after(moment)`` answers the first moment at or after it for which there are figures. ``done`` is where the
    latest stretch began that was made already. Empty stretches are passed over, however many there are.
    """
    width = timedelta(seconds=width_s)
    end = stretch(until, width_s)
    at = done + width if done is not None else datetime.fromtimestamp(0, tz=UTC)
    while at < end:
        found = first_after(at)
        if found is None or found >= end:
            return
        began = stretch(found, width_s)
        yield began
        at = began + width


@dataclass(frozen=True)
class Point:
    """Figures of one stretch: of ``samples`` looks the ``sums`` and the highest values (None: never known)."""

    samples: int = 1
    sums: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, float | None] = field(default_factory=dict)


def fold(points: Iterable[Point]) -> Point:
    """Several stretches as one. Nothing is lost of sums and samples, so means stay those of all looks."""
    samples, sums, peaks = 0, {}, {}  # type: ignore[var-annotated]
    for point in points:
        samples += point.samples
        for name, value in point.sums.items():
            sums[name] = sums.get(name, 0) + value
        for name, high in point.peaks.items():
            known = peaks.get(name)
            peaks[name] = high if known is None else known if high is None else max(known, high)
    return Point(samples, sums, peaks)
