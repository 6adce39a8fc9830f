"""Dates as the wire has them."""

import re
from datetime import UTC, datetime, time

from django.utils import timezone

_OFFSET = re.compile(r"([+-]\d{2})(\d{2})$")
_FRACTION = re.compile(r"\.(\d+)")


def parse_date(text: str, *, end_of_day: bool = False) -> datetime:
    """A moment with its zone; text without one means the server's. Raises ``ValueError``.

    Taken: ISO 8601 with an offset or ``Z`` and any fraction of a second, ``yyyy-MM-dd HH:mm:ss``, ``yyyy-MM-dd``
    (the first second of the day, or the last with ``end_of_day``).
    """
    text = text.strip()
    if not text.isascii() or not 8 < len(text) <= 40:
        raise ValueError("not a date")
    if len(text) == 10:
        day = datetime.strptime(text, "%Y-%m-%d").date()
        moment = datetime.combine(day, time(23, 59, 59) if end_of_day else time.min)
    else:
        text = _OFFSET.sub(r"\1:\2", text)
        text = _FRACTION.sub(lambda match: "." + match[1][:6].ljust(6, "0"), text)
        moment = datetime.fromisoformat(text)
    try:
        if moment.tzinfo is None:
            moment = timezone.make_aware(moment)
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of range") from None
    return moment


def format_date(moment: datetime) -> str:
    """``2026-11-23T08:00:00+0000``, always in UTC."""
    if moment.tzinfo is not None and moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # isoformat is several times faster than strftime, and a page holds a thousand dates.
    return f"{moment.isoformat('T', 'seconds')[:19]}+0000"
