"""What a machine used over time. The figures come from the API, so that who does not see the machine gets none."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.portal.charts.chart import Chart, Charts, Series
from apps.portal.charts.units import Unit
from cloudstack.api.dates import format_date, parse_date
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import UnsupportedCommand
from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR, MINUTE, stretch
from cloudstack.framework.rollups.spans import Span, span_of

RESOLUTIONS = {MINUTE: "sample", FIVE_MINUTES: "fiveminutes", HOUR: "hour", DAY: "day"}
KIB = 1024
Stat = Mapping[str, Any]


def machine_charts(uuid: Any, *, caller: Caller, span: str | None = None, door: str = "admin") -> Charts:
    """Charts of the machine ``uuid`` for ``caller``; without figures for a machine that the caller does not see.

    ``span``: ``1h``, ``1d``, ``1w``, ``1m`` or ``1y``; anything else is a day. Show them with ``portal/charts.html``.
    """
    chosen, now = span_of(span), timezone.now()
    moments = chosen.moments(now)
    asked = {"id": str(uuid), "startdate": format_date(moments[0]), "resolution": RESOLUTIONS[chosen.width_s]}
    try:
        answer = dispatch("listVirtualMachinesUsageHistory", asked, caller, door=door)
    except UnsupportedCommand:
        return Charts(title=_("Statistics"), span=chosen, charts=[], empty=_("Your role does not show statistics."))
    stats = [stat for machine in answer.rows or [] for stat in machine["stats"]]
    return Charts(
        title=_("Statistics"),
        span=chosen,
        charts=_charts(stats, moments, chosen),
        empty=_(
            "There are no figures of this time yet. A machine that runs is looked at every minute; a chart of a day is"
            " drawn from five minutes on, those of a week and a month from an hour on."
        ),
    )


def _charts(stats: list[Stat], moments: list[datetime], span: Span) -> list[Chart]:
    by_moment: dict[datetime, Stat] = {}
    for stat in stats:
        by_moment.setdefault(stretch(parse_date(stat["timestamp"]), span.width_s), stat)

    def series(label: Any, value: Callable[[Stat], float | None]) -> Series:
        return Series.of(label, moments, {moment: value(stat) for moment, stat in by_moment.items()})

    def chart(key: str, title: Any, unit: Unit, *lines: Series, top: float | None = None) -> Chart:
        return Chart(key, title, unit, moments, span.width_s, list(lines), top)

    cpu = [series(_("Mean"), lambda stat: _percent(stat.get("cpuused")))]
    if span.width_s > MINUTE:
        cpu.append(series(_("Highest"), lambda stat: _percent(stat.get("cpuusedmax"))))
    memory = max((stat["memorykbs"] * KIB for stat in stats if stat.get("memorykbs")), default=None)
    return [
        chart("cpu", _("CPU"), Unit.PERCENT, *cpu, top=100),
        chart("memory", _("Memory in use"), Unit.BYTES, series(_("In use"), _memory), top=memory),
        chart(
            "network", _("Network"), Unit.BITS_PER_S,
            series(_("Received"), _rate("networkkbsread", KIB * 8)),
            series(_("Sent"), _rate("networkkbswrite", KIB * 8)),
        ),
        chart(
            "disk", _("Disks"), Unit.BYTES_PER_S,
            series(_("Read"), _rate("diskkbsread", KIB)),
            series(_("Written"), _rate("diskkbswrite", KIB)),
        ),
        chart(
            "operations", _("Operations of disks"), Unit.PER_S,
            series(_("Reads"), _rate("diskioread", 1)),
            series(_("Writes"), _rate("diskiowrite", 1)),
        ),
    ]  # fmt: skip


def _percent(text: str | None) -> float | None:
    return None if text is None else float(text.rstrip("%"))


def _memory(stat: Stat) -> float | None:
    if stat.get("memorykbs") is None:
        return None
    return float((stat["memorykbs"] - stat["memoryintfreekbs"]) * KIB)


def _rate(name: str, factor: int) -> Callable[[Stat], float | None]:
    """By the second; nothing is known of counters that were not compared."""
    return lambda stat: factor * stat[name] / stat["seconds"] if stat.get("seconds") else None
