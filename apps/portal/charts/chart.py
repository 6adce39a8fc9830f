"""A chart: some series of values over the same stretches of time.

A page shows it three times: as SVG that is made here and needs no script, as the data of which ``charts.js`` draws it
with a cursor and a legend in place of the SVG, and as a table of a few rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.portal.charts.units import Unit, worded
from cloudstack.framework.rollups.spans import SPANS, Span

Text = str | Promise
ROWS = 24
DRAWN = 120
"""Points of the SVG at most: it is small, and a page has several."""
WIDTH, HEIGHT = 600, 150
COLOURS = 8
SPAN_TITLES: dict[str, Text] = {
    "1h": gettext_lazy("Hour"),
    "1d": gettext_lazy("Day"),
    "1w": gettext_lazy("Week"),
    "1m": gettext_lazy("Month"),
    "1y": gettext_lazy("Year"),
}


@dataclass
class Series:
    """Values of one thing, None where nothing is known."""

    label: Text
    values: list[float | None]

    @classmethod
    def of(cls, label: Text, moments: Sequence[datetime], known: Mapping[datetime, float | None]) -> "Series":
        return cls(label, [known.get(moment) for moment in moments])


@dataclass
class Chart:
    """``moments``: when the stretches of ``width_s`` seconds began. ``top``: where the scale ends, if that is fixed."""

    key: str
    title: Text
    unit: Unit
    moments: list[datetime]
    width_s: int
    series: list[Series]
    top: float | None = None

    @property
    def is_empty(self) -> bool:
        return all(value is None for one in self.series for value in one.values)

    @property
    def highest(self) -> float:
        return max((value for one in self.series for value in one.values if value is not None), default=0.0)

    @property
    def keys(self) -> list[tuple[int, Text, str]]:
        """Number of the colour, label and latest value of each series."""
        return [
            (1 + place % COLOURS, one.label, worded(latest(one.values), self.unit))
            for place, one in enumerate(self.series)
        ]

    @property
    def data(self) -> SafeString:
        """What ``charts.js`` draws: a data block, which browsers do not execute."""
        return json_script(
            {
                "unit": self.unit.value,
                "top": self.top,
                "start": int(self.moments[0].timestamp()) if self.moments else 0,
                "step": self.width_s,
                "series": [
                    {"label": str(one.label), "values": [_rounded(value) for value in one.values]}
                    for one in self.series
                ],
            }
        )

    @property
    def summary(self) -> str:
        """The chart in a sentence, for who does not see it."""
        parts = [f"{label} {value}" for _number, label, value in self.keys]
        return _("%(title)s, the latest figures: %(figures)s") % {"title": self.title, "figures": "; ".join(parts)}

    @property
    def columns(self) -> list[Text]:
        return [_("From (%(zone)s)") % {"zone": timezone.localtime().tzname()}, *(one.label for one in self.series)]

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """A few lines: each the mean of as many stretches as are needed."""
        moments, series = thinned(self, ROWS)
        pattern = "%Y-%m-%d" if self.width_s * max(1, len(self.moments) // ROWS) >= 86_400 else "%Y-%m-%d %H:%M"
        return [
            (
                timezone.localtime(moment).strftime(pattern),
                [worded(values[place], self.unit) for values in series],
            )
            for place, moment in enumerate(moments)
            if any(values[place] is not None for values in series)
        ]

    @property
    def svg(self) -> SafeString:
        top = self.top or self.highest or 1
        _moments, series = thinned(self, DRAWN)
        lines = [(1 + place % COLOURS, path) for place, values in enumerate(series) if (path := _path(values, top))]
        drawn = format_html_join("", '<path class="chart-{}" d="{}"/>', lines)
        return format_html(
            '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
            WIDTH, HEIGHT, self.summary, drawn,
        )  # fmt: skip

    @property
    def scale(self) -> str:
        """The top of the SVG's scale in words."""
        return worded(self.top or self.highest or 1, self.unit)


@dataclass
class Charts:
    """What ``portal/charts.html`` shows: charts of one thing, and links to look further back."""

    title: Text
    span: Span
    charts: list[Chart]
    empty: Text
    """What is said when there are no figures."""
    spans: Sequence[str] = tuple(SPANS)
    parameter: str = "span"
    """Of the page's address: names the span."""
    anchor: str = "statistics"

    @property
    def shown(self) -> list[Chart]:
        return [chart for chart in self.charts if not chart.is_empty]

    @property
    def links(self) -> list[dict[str, Any]]:
        return [
            {
                "label": SPAN_TITLES[key],
                "url": f"?{self.parameter}={key}#{self.anchor}",
                "current": key == self.span.key,
            }
            for key in self.spans
        ]


def latest(values: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def thinned(chart: Chart, most: int) -> tuple[list[datetime], list[list[float | None]]]:
    """At most ``most`` points: means of neighbours."""
    step = -(-len(chart.moments) // most) or 1
    starts = range(0, len(chart.moments), step)
    return (
        [chart.moments[start] for start in starts],
        [[_mean(one.values[start : start + step]) for start in starts] for one in chart.series],
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _rounded(value: float | None) -> float | int | None:
    """Five figures are more than an eye tells apart; the page is smaller for it."""
    if value is None:
        return None
    short = float(f"{value:.5g}")
    return int(short) if short.is_integer() else short


def _path(values: Sequence[float | None], top: float) -> str:
    """Lines through what is known, broken where it is not."""
    parts, open_line = [], False
    last = max(1, len(values) - 1)
    for place, value in enumerate(values):
        if value is None:
            open_line = False
            continue
        x, y = WIDTH * place / last, HEIGHT - HEIGHT * min(value / top, 1)
        # A line of no length is a dot where something is known of one moment alone.
        parts.append(f"{'L' if open_line else 'M'}{x:.0f} {y:.1f}{'' if open_line else 'h0'}")
        open_line = True
    return "".join(parts)
