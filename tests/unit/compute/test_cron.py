"""Cron expressions: what they say, when they are due next, and over the changes of the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.compute.services.cron import BadCron, Cron

ZURICH = ZoneInfo("Europe/Zurich")


def due(text: str, moment: str, zone: str = "UTC") -> str | None:
    found = Cron.parse(text).next_after(datetime.fromisoformat(moment), ZoneInfo(zone))
    return found.strftime("%Y-%m-%d %H:%M") if found else None


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("* * * * *", "2026-11-26T06:00:30+00:00", "2026-11-26 06:01"),
        ("0 8 * * *", "2026-11-26T08:00:00+00:00", "2026-11-27 08:00"),
        ("*/15 * * * *", "2026-11-26T06:46:00+00:00", "2026-11-26 07:00"),
        ("5/20 * ? * ?", "2026-11-26T06:46:00+00:00", "2026-11-26 07:05"),
        ("0 18 * * mon-fri", "2026-11-27T18:30:00+00:00", "2026-11-30 18:00"),
        ("0 0 * * 7", "2026-11-26T00:00:00+00:00", "2026-11-29 00:00"),
        ("0 0 1 jan,jul *", "2026-11-26T00:00:00+00:00", "2027-01-01 00:00"),
        ("0 0 29 2 *", "2026-11-26T00:00:00+00:00", "2028-02-29 00:00"),
        ("0 0 13 * fri", "2026-11-26T00:00:00+00:00", "2027-08-13 00:00"),
        ("0 0 31 2 *", "2026-11-26T00:00:00+00:00", None),
    ],
)
def test_when_it_is_due(text: str, moment: str, expected: str | None) -> None:
    assert due(text, moment) == expected


def test_the_time_zone_counts() -> None:
    assert due("0 8 * * *", "2026-07-01T00:00:00+00:00", "Europe/Zurich") == "2026-07-01 06:00"
    assert due("0 8 * * *", "2026-12-01T00:00:00+00:00", "Europe/Zurich") == "2026-12-01 07:00"


def test_what_the_clock_skips_is_taken_later_and_what_comes_twice_once() -> None:
    assert due("30 2 * * *", "2026-03-28T12:00:00+00:00", "Europe/Zurich") == "2026-03-29 01:30"
    first = due("30 2 * * *", "2026-10-24T12:00:00+00:00", "Europe/Zurich")
    assert first == "2026-10-25 00:30"
    assert due("30 2 * * *", "2026-10-25T00:30:00+00:00", "Europe/Zurich") == "2026-10-26 01:30"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("* * * *", "five fields"), ("60 * * * *", "minute"), ("* 24 * * *", "hour"), ("* * 0 * *", "day of the month"),
        ("* * * 13 *", "month"), ("* * * * 8", "day of the week"), ("5-1 * * * *", "backwards"),
        ("*/0 * * * *", "minute"),
        ("a * * * *", "minute"), ("1,,2 * * * *", "minute"), ("*/99999 * * * *", "minute"), ("٣ * * * *", "minute"),
    ],
)  # fmt: skip
def test_what_is_no_expression(text: str, words: str) -> None:
    with pytest.raises(BadCron, match=words):
        Cron.parse(text)


@settings(max_examples=100, deadline=None)
@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    moment=st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1)),
)
def test_a_daily_time_comes_within_a_day_and_at_that_time(minute: int, hour: int, moment: datetime) -> None:
    start = moment.replace(tzinfo=UTC)
    found = Cron.parse(f"{minute} {hour} * * *").next_after(start, ZURICH)
    assert found is not None and start < found <= start + timedelta(hours=26)
    local = found.astimezone(ZURICH)
    assert local.minute == minute and local.hour in (hour, hour + 1)
