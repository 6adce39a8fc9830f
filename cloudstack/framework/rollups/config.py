"""How long figures over time are kept, and how often they are taken."""

from datetime import timedelta

from cloudstack.framework.configuration.keys import ConfigKey
from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR, MINUTE


def _whole_stretches(seconds: int) -> None:
    if seconds % FIVE_MINUTES:
        raise ValueError(f"figures are kept by {FIVE_MINUTES} seconds; give a multiple of that")


SAMPLING_INTERVAL = ConfigKey(
    "statistics.sampling.interval",
    int,
    FIVE_MINUTES,
    "Seconds between two counts of machines by state and of the capacity that is taken; a multiple of 300.",
    category="Statistics",
    minimum=FIVE_MINUTES,
    maximum=HOUR,
    check=_whole_stretches,
)
MINUTES_KEPT_HOURS = ConfigKey(
    "statistics.retention.minutes",
    int,
    3,
    "Hours that figures by the minute of hosts are kept.",
    category="Statistics",
    minimum=1,
    maximum=168,
)
FIVE_MINUTES_KEPT_HOURS = ConfigKey(
    "statistics.retention.fiveminutes",
    int,
    30,
    "Hours that figures by five minutes are kept; charts of a day are made of them.",
    category="Statistics",
    minimum=2,
    maximum=744,
)
HOURS_KEPT_DAYS = ConfigKey(
    "statistics.retention.hours",
    int,
    32,
    "Days that figures by the hour are kept; charts of a week and of a month are made of them.",
    category="Statistics",
    minimum=2,
    maximum=400,
)
DAYS_KEPT_DAYS = ConfigKey(
    "statistics.retention.days",
    int,
    400,
    "Days that figures by the day are kept; charts of a year are made of them.",
    category="Statistics",
    minimum=2,
    maximum=3660,
)


def kept(width_s: int) -> timedelta:
    """How long stretches of a width stay on record."""
    return {
        MINUTE: timedelta(hours=MINUTES_KEPT_HOURS.value()),
        FIVE_MINUTES: timedelta(hours=FIVE_MINUTES_KEPT_HOURS.value()),
        HOUR: timedelta(days=HOURS_KEPT_DAYS.value()),
        DAY: timedelta(days=DAYS_KEPT_DAYS.value()),
    }[width_s]
