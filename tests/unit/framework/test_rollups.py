"""Which stretches are made, and that nothing is lost when they become one."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR, MINUTE, Point, due, fold, stretch

BASE = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
widths = st.sampled_from((MINUTE, FIVE_MINUTES, HOUR, DAY))
moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
offsets = st.lists(st.integers(0, 3 * DAY), max_size=60).map(sorted)
number = st.integers(0, 10**9)
points = st.builds(
    Point,
    samples=st.integers(1, 50),
    sums=st.fixed_dictionaries({"cpu": number, "bytes": number}),
    peaks=st.fixed_dictionaries({"cpu": st.none() | number}),
)


@given(moments, widths)
def test_a_moment_lies_in_its_stretch(moment: datetime, width: int) -> None:
    began = stretch(moment, width)
    assert began <= moment < began + timedelta(seconds=width)
    assert stretch(began, width) == began


@given(moments, st.sampled_from(((MINUTE, FIVE_MINUTES), (FIVE_MINUTES, HOUR), (HOUR, DAY), (MINUTE, DAY))))
def test_a_stretch_lies_within_one_wider_one(moment: datetime, pair: tuple[int, int]) -> None:
    narrow, wide = pair
    assert stretch(stretch(moment, narrow), wide) == stretch(moment, wide)


def made(source: list[int], runs: list[int], width: int) -> list[int]:
    """Seconds since BASE at which stretches were made, by runs at the seconds ``runs``."""
    found: list[datetime] = []
    for run in sorted(runs):
        known = [BASE + timedelta(seconds=second) for second in source if second <= run]

        def first_after(at: datetime, known: list[datetime] = known) -> datetime | None:
            place = bisect_left(known, at)
            return known[place] if place < len(known) else None

        until = BASE + timedelta(seconds=run)
        found += due(first_after, done=found[-1] if found else None, until=until, width_s=width)
    return [int((began - BASE).total_seconds()) for began in found]


@given(offsets, st.lists(st.integers(0, 4 * DAY), max_size=12), st.sampled_from((FIVE_MINUTES, HOUR)))
def test_each_stretch_is_made_once_whenever_it_is_run(source: list[int], runs: list[int], width: int) -> None:
    end = 4 * DAY
    once = made(source, [end], width)
    assert once == sorted({second // width * width for second in source if second // width * width + width <= end})
    assert made(source, [*runs, end], width) == once
    assert made(source, [end, end], width) == once


@given(offsets, st.integers(0, 4 * DAY))
def test_a_stretch_that_is_not_over_is_not_made(source: list[int], now: int) -> None:
    assert all(began + HOUR <= now for began in made(source, [now], HOUR))


@given(st.lists(points, min_size=1, max_size=30), st.integers(0, 30))
def test_sums_samples_and_peaks_are_kept_however_they_are_grouped(rows: list[Point], cut: int) -> None:
    whole = fold(rows)
    assert whole.samples == sum(row.samples for row in rows)
    assert whole.sums == {name: sum(row.sums[name] for row in rows) for name in ("cpu", "bytes")}
    known = [row.peaks["cpu"] for row in rows if row.peaks["cpu"] is not None]
    assert whole.peaks["cpu"] == max(known, default=None)
    parts = [fold(part) for part in (rows[:cut], rows[cut:]) if part]
    assert fold(parts) == whole
    assert fold(reversed(rows)) == whole


@settings(max_examples=20)
@given(st.lists(points, max_size=3))
def test_nothing_is_no_sample(rows: list[Point]) -> None:
    assert fold([]).samples == 0
    assert fold([fold([]), *rows]) == fold(rows)
