"""When a cron expression is due next: minute, hour, day of the month, month, day of the week."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(MONTHS, 1)}),
    ("day of the week", 0, 7, {name: number for number, name in enumerate(DAYS)}),
)
FAR = 366 * 8
"""Days that are looked through: 29 February comes within eight years."""


class BadCron(ValueError):
    """Says what is wrong with an expression."""


@dataclass(frozen=True, kw_only=True)
class Cron:
    """A parsed expression. Day of the month and day of the week must both fit."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Lists, ranges, steps and English names; ``?`` is ``*``. Raises :class:`BadCron`."""
        parts = text.lower().split()
        if len(parts) != len(FIELDS):
            raise BadCron(f"five fields are expected (minute hour day month weekday), not {len(parts)}")
        sets = [_values(part, *field) for part, field in zip(parts, FIELDS, strict=True)]
        minutes, hours, days, months, weekdays = sets
        return cls(
            minutes=minutes,
            hours=hours,
            days=days,
            months=months,
            weekdays=frozenset(day % 7 for day in weekdays),
        )

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first time after ``moment``, in UTC; None when there is none within years.

        A time that the clock skips in spring is taken an hour later, one that comes twice in autumn the first time.
        """
        moment = moment.astimezone(UTC)
        day = moment.astimezone(zone).date()
        for _ in range(FAR):
            for local in self._times(day):
                found = datetime.combine(day, local, zone).astimezone(UTC)
                if found > moment:
                    return found
            day += timedelta(days=1)
        return None

    def _times(self, day: date) -> Iterator[time]:
        if day.month not in self.months or day.day not in self.days or day.isoweekday() % 7 not in self.weekdays:
            return
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                yield time(hour, minute)


def _values(text: str, name: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        step = _number(step_text, name, 1, high, {}) if "/" in part else 1
        if span in ("*", "?"):
            first, last = low, high
        elif "-" in span:
            start, _, end = span.partition("-")
            first, last = _number(start, name, low, high, names), _number(end, name, low, high, names)
            if first > last:
                raise BadCron(f"{name}: {span} runs backwards")
        else:
            first = _number(span, name, low, high, names)
            last = high if "/" in part else first
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, name: str, low: int, high: int, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and low <= int(text) <= high):
        raise BadCron(f"{name}: {text[:40]!r} is not {low} to {high}")
    return int(text)
