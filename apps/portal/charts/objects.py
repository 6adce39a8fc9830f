"""Charts on the pages of hosts and machines in the admin."""

from typing import Any

from django.utils import timezone

from apps.accounts.admin.panels import register_charts
from apps.compute.models import VirtualMachine
from apps.infrastructure.models import Host
from apps.infrastructure.selectors.history import host_history
from apps.portal.charts.chart import Chart, Charts, Series
from apps.portal.charts.machine import machine_charts
from apps.portal.charts.units import Unit
from cloudstack.framework.context import Caller
from cloudstack.framework.rollups.spans import span_of

MIB = 1024 * 1024


def register() -> None:
    register_charts(Host, host_charts)
    register_charts(VirtualMachine, _of_machine)


def _of_machine(caller: Caller, vm: VirtualMachine, span: str | None) -> Charts:
    return machine_charts(vm.uuid, caller=caller, span=span)


def host_charts(caller: Caller, host: Host, span: str | None = None) -> Charts:
    """How busy ``host`` was; one statement."""
    chosen = span_of(span)
    moments = chosen.moments(timezone.now())
    rows = {
        row["began"]: row for row in host_history(caller=caller, host=host, width_s=chosen.width_s, since=moments[0])
    }

    def series(label: str, value: Any) -> Series:
        return Series.of(label, moments, {began: value(row) for began, row in rows.items()})

    def chart(key: str, title: str, unit: Unit, *lines: Series, top: float | None = None) -> Chart:
        return Chart(key, title, unit, moments, chosen.width_s, list(lines), top)

    def bits(row: dict[str, Any], name: str) -> float | None:
        return 8 * row[name] / row["net_seconds"] if row["net_seconds"] else None

    return Charts(
        title="Statistics",
        span=chosen,
        charts=[
            chart(
                "cpu", "CPU that is busy", Unit.PERCENT,
                series("Mean", lambda row: row["cpu_percent_sum"] / row["samples"]),
                series("Highest", lambda row: row["cpu_percent_max"]), top=100,
            ),
            chart(
                "memory", "Memory in use", Unit.BYTES,
                series("In use", lambda row: MIB * row["memory_used_mib_sum"] / row["samples"]),
                top=host.memory_mib * MIB or None,
            ),
            chart(
                "network", "Network", Unit.BITS_PER_S,
                series("Received", lambda row: bits(row, "net_rx_bytes")),
                series("Sent", lambda row: bits(row, "net_tx_bytes")),
            ),
        ],
        empty="There are no figures of this time yet. A host that is Up is noted every minute; a chart of a day is"
        " drawn from five minutes on, those of a week and a month from an hour on.",
    )  # fmt: skip
