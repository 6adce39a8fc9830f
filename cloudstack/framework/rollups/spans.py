"""How far back a chart looks, and the widths of stretches that it is drawn of: some hundred points in each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR, MINUTE, stretch


@dataclass(frozen=True)
class Span:
    """The last ``length_s`` seconds in stretches of ``width_s``."""

    key: str
    length_s: int
    width_s: int

    def widened(self, width_s: int) -> "Span":
        """The same time in stretches that are at least so wide."""
        return Span(self.key, self.length_s, max(self.width_s, width_s))

    def moments(self, now: datetime) -> list[datetime]:
        """When the stretches begin, the earliest first; that of ``now`` is the last."""
        last = stretch(now, self.width_s)
        count = self.length_s // self.width_s
        return [last - timedelta(seconds=self.width_s * back) for back in range(count - 1, -1, -1)]


SPANS = {
    span.key: span
    for span in (
        Span("1h", HOUR, MINUTE),
        Span("1d", DAY, FIVE_MINUTES),
        Span("1w", 7 * DAY, HOUR),
        Span("1m", 30 * DAY, HOUR),
        Span("1y", 365 * DAY, DAY),
    )
}
USUAL = "1d"


def span_of(key: str | None) -> Span:
    """The span named ``key``; the usual one for anything else."""
    return SPANS.get(key or "", SPANS[USUAL])
