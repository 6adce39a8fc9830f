"""Figures of hosts: CloudStack's names, which dashboards know, and one series a host beyond them."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Count, Q, Sum

from apps.infrastructure.models import Host
from apps.infrastructure.selectors.overprovisioning import factors
from apps.infrastructure.states import HostStatus
from cloudstack.framework.metrics import Collector, Family, Kind, Sample, register

MIB = 1024**2
_HOST = ("zone", "hostname", "ip")
_HOST_MOST = 100_000

HOSTS = Family("cloudstack_hosts_total", "Hosts, by zone: online, offline, total.", ("zone", "filter"), Kind.UNTYPED)
HOSTS_BY_TAG = Family(
    "cloudstack_hosts_total_by_tag", "Hosts with these host tags: online, offline, total.", ("zone", "filter", "tags")
)
_SHARE = (*_HOST, "overprovisioningfactor", "filter", "dedicated", "tags")
CPU = Family(
    "cloudstack_host_cpu_usage_mhz_total",
    "MHz of a host: used is what machines were promised, total what may be promised.",
    _SHARE,
    Kind.UNTYPED,
    _HOST_MOST,
)
MEMORY = Family(
    "cloudstack_host_memory_usage_mibs_total",
    "MiB of a host: used is what machines were promised, total what may be promised.",
    _SHARE,
    Kind.UNTYPED,
    _HOST_MOST,
)
CPU_BY_TAG = Family(
    "cloudstack_host_cpu_usage_mhz_total_by_tag",
    "MHz that machines were promised on hosts with these host tags.",
    ("zone", "filter", "tags"),
)
MEMORY_BY_TAG = Family(
    "cloudstack_host_memory_usage_mibs_total_by_tag",
    "MiB that machines were promised on hosts with these host tags.",
    ("zone", "filter", "tags"),
)

_ONE = ("host",)
INFO = Family(
    "cloudstack_host_info",
    "1 for each host; names what belongs to its UUID, to be joined with other figures of the host.",
    ("host", "hostname", "zone", "pod", "cluster", "hypervisor"),
    most=_HOST_MOST,
)
UP = Family("cloudstack_host_up", "Whether the host is Up.", _ONE, most=_HOST_MOST)
ENABLED = Family("cloudstack_host_enabled", "Whether the host takes new machines.", _ONE, most=_HOST_MOST)
USED_CPU = Family(
    "cloudstack_host_cpu_used_ratio", "Share of its CPUs that the host used itself, 0 to 1.", _ONE, most=_HOST_MOST
)
USED_MEMORY = Family(
    "cloudstack_host_memory_used_bytes", "Memory that is in use on the host, as it says.", _ONE, most=_HOST_MOST
)
TOTAL_MEMORY = Family("cloudstack_host_memory_bytes", "Memory of the host.", _ONE, most=_HOST_MOST)
LOAD = Family("cloudstack_host_load1", "Load average of the host over a minute.", _ONE, most=_HOST_MOST)
RECEIVED = Family(
    "cloudstack_host_network_receive_bytes_total", "Bytes that the host received.", _ONE, Kind.COUNTER, _HOST_MOST
)
SENT = Family(
    "cloudstack_host_network_transmit_bytes_total", "Bytes that the host sent.", _ONE, Kind.COUNTER, _HOST_MOST
)
LAST_PING = Family(
    "cloudstack_host_last_ping_timestamp_seconds", "When the host was heard of last.", _ONE, most=_HOST_MOST
)

_COLUMNS = (
    "uuid", "name", "zone__name", "pod__name", "cluster__name", "cluster__uuid", "hypervisor", "private_ip", "tags",
    "status", "resource_state", "memory_mib", "cpu_used_percent", "memory_used_mib", "load_average",
    "network_rx_bytes", "network_tx_bytes", "last_ping", "capacity__cpu_total_mhz", "capacity__cpu_used_mhz",
    "capacity__memory_total_mib", "capacity__memory_used_mib", "capacity__memory_reserved_mib",
)  # fmt: skip
_DEDICATED = (
    Q(dedication__isnull=False)
    | Q(cluster__dedication__isnull=False)
    | Q(pod__dedication__isnull=False)
    | Q(zone__dedication__isnull=False)
)


def _rows() -> Iterator[dict[str, Any]]:
    dedicated = set(Host.objects.filter(_DEDICATED).values_list("uuid", flat=True))
    hosts = Host.objects.filter(zone__removed__isnull=True).order_by("pk").values(*_COLUMNS)
    for row in hosts.iterator(chunk_size=2000):
        yield row | {"dedicated": "1" if row["uuid"] in dedicated else "0"}


def _hosts() -> Iterator[Sample]:
    for row in _rows():
        yield from _promised(row)
        yield from _measured(row)


def _promised(row: dict[str, Any]) -> Iterator[Sample]:
    factor = factors(row["cluster__uuid"])
    place = (row["zone__name"], row["name"], row["private_ip"])
    rest = (row["dedicated"], row["tags"])
    cpu_total = (row["capacity__cpu_total_mhz"] or 0) * factor.cpu
    usable = (row["capacity__memory_total_mib"] or 0) - (row["capacity__memory_reserved_mib"] or 0)
    for family, times, figures in (
        (CPU, factor.cpu, (("used", row["capacity__cpu_used_mhz"] or 0), ("total", cpu_total))),
        (MEMORY, factor.memory, (("used", row["capacity__memory_used_mib"] or 0), ("total", usable * factor.memory))),
    ):
        for name, figure in figures:
            yield family, (*place, f"{times:g}", name, *rest), figure


def _measured(row: dict[str, Any]) -> Iterator[Sample]:
    one = (str(row["uuid"]),)
    places = tuple(row[name] for name in ("name", "zone__name", "pod__name", "cluster__name", "hypervisor"))
    yield INFO, (*one, *places), 1
    yield UP, one, int(row["status"] == HostStatus.UP)
    yield ENABLED, one, int(row["resource_state"] == "Enabled")
    yield TOTAL_MEMORY, one, row["memory_mib"] * MIB
    told: Iterable[tuple[Family, Any, float]] = (
        (USED_CPU, row["cpu_used_percent"], 0.01),
        (USED_MEMORY, row["memory_used_mib"], MIB),
        (LOAD, row["load_average"], 1),
        (RECEIVED, row["network_rx_bytes"], 1),
        (SENT, row["network_tx_bytes"], 1),
    )
    for family, figure, unit in told:
        if figure is not None:
            yield family, one, figure * unit
    if row["last_ping"] is not None:
        yield LAST_PING, one, row["last_ping"].timestamp()


def _counts() -> Iterator[Sample]:
    grouped = (
        Host.objects.filter(zone__removed__isnull=True).order_by("zone__name", "tags").values("zone__name", "tags")
    )
    by_zone: dict[str, list[int]] = {}
    for row in grouped.annotate(
        total=Count("pk"),
        online=Count("pk", filter=Q(status=HostStatus.UP)),
        cpu=Sum("capacity__cpu_used_mhz", default=0),
        memory=Sum("capacity__memory_used_mib", default=0),
    ):
        zone, tags = row["zone__name"], row["tags"]
        figures = {"online": row["online"], "offline": row["total"] - row["online"], "total": row["total"]}
        known = by_zone.setdefault(zone, [0, 0, 0])
        for place, figure in enumerate(figures.values()):
            known[place] += figure
        if tags:
            yield from ((HOSTS_BY_TAG, (zone, name, tags), figure) for name, figure in figures.items())
            yield CPU_BY_TAG, (zone, "allocated", tags), row["cpu"]
            yield MEMORY_BY_TAG, (zone, "allocated", tags), row["memory"]
    for zone, known in by_zone.items():
        yield from (
            (HOSTS, (zone, name), figure) for name, figure in zip(("online", "offline", "total"), known, strict=True)
        )


register(
    Collector("hosts", (HOSTS, HOSTS_BY_TAG, CPU_BY_TAG, MEMORY_BY_TAG), _counts),
    Collector(
        "each host",
        (CPU, MEMORY, INFO, UP, ENABLED, USED_CPU, USED_MEMORY, TOTAL_MEMORY, LOAD, RECEIVED, SENT, LAST_PING),
        _hosts,
    ),
)
