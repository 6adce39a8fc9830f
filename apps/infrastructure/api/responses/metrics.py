"""Zones, clusters and hosts with figures on how busy they are; all of it is in the database already."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.infrastructure.api.responses.cluster import ClusterResponse
from apps.infrastructure.api.responses.host import CPU, MEMORY, HostResponse, cpu_of, memory_of
from apps.infrastructure.api.responses.zone import ZoneResponse
from apps.infrastructure.config import (
    CPU_NOTIFICATION_THRESHOLD,
    CPU_PROMISED_NOTIFICATION_THRESHOLD,
    MEMORY_NOTIFICATION_THRESHOLD,
    MEMORY_PROMISED_NOTIFICATION_THRESHOLD,
)
from apps.infrastructure.models import Cluster
from apps.infrastructure.selectors.metrics import Busyness, busyness_by
from apps.infrastructure.services.evacuation import machine_counts
from apps.infrastructure.states import AllocationState
from cloudstack.api import BOOL, STRING, Field, Loaded, Response
from cloudstack.api.fields import Item
from cloudstack.framework.context import Caller

GIB = 1024**3


class Figure(Item):
    """A value that :class:`PlaceMetrics` puts in after the rows are read."""


def percent(part: float | None, whole: float) -> str | None:
    """``12.50%``; None where the part is not known."""
    return None if part is None else f"{100 * part / whole if whole else 0:.2f}%"


def over(part: float | None, whole: float, threshold: float) -> bool | None:
    """Whether the share lies above ``threshold``, from 0 to 1."""
    return None if part is None else bool(whole) and part > whole * threshold


class PlaceMetrics(Response):
    """Figures of a zone or a cluster: fetched once for the whole page and put into its rows."""

    state = Field("allocation_state", help="Enabled or Disabled")
    cputotal = Figure(type=STRING, help="CPU of its hosts in GHz, with over-provisioning")
    cpuused = Figure(type=STRING, help="share of its CPU that is really busy")
    cpuallocated = Figure(type=STRING, help="share of its CPU that is promised to machines")
    cpumaxdeviation = Figure(type=STRING, help="how far its busiest host lies above the mean")
    memorytotal = Figure(type=STRING, help="memory of its hosts in GB, with over-provisioning")
    memoryused = Figure(type=STRING, help="share of its memory that is really in use")
    memoryallocated = Figure(type=STRING, help="share of its memory that is promised to machines")
    memorymaxdeviation = Figure(type=STRING, help="how far the host with the fullest memory lies above the mean")
    cputhreshold = Figure(type=BOOL, help="whether more CPU is busy than the threshold for notice")
    cpuallocatedthreshold = Figure(type=BOOL, help="whether more CPU is promised than the threshold for notice")
    memorythreshold = Figure(type=BOOL, help="whether more memory is in use than the threshold for notice")
    memoryallocatedthreshold = Figure(type=BOOL, help="whether more memory is promised than the threshold for notice")

    @classmethod
    def figures(cls, keys: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        """Wire names and values of the figures, by primary key."""
        raise NotImplementedError

    @classmethod
    def render_with(
        cls,
        queryset: "QuerySet[Any]",
        extra: Sequence[str],
        *,
        caller: Caller,
        omit: frozenset[str] = frozenset(),
        jobs: bool = False,
    ) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        pairs = list(super().render_with(queryset, (*extra, "pk"), caller=caller, omit=omit, jobs=jobs))
        figures = cls.figures([values[-1] for values, _ in pairs]) if pairs else {}
        for values, body in pairs:
            known = figures[values[-1]]
            body.update({name: value for name, value in known.items() if value is not None and name not in omit})
        return iter([(values[:-1], body) for values, body in pairs])


def _busy(place: Busyness, cluster_uuid: Any = None) -> dict[str, Any]:
    """``cluster_uuid`` is the scope of the thresholds; a zone has those of the cloud."""
    return {
        "cputotal": f"{place.cpu_limit / 1000:.2f} GHz",
        "cpuused": percent(place.cpu_used, place.cpu_total),
        "cpuallocated": percent(place.cpu_promised, place.cpu_limit),
        "cpumaxdeviation": percent(place.cpu_deviation, 100),
        "memorytotal": f"{place.memory_limit / 1024:.2f} GB",
        "memoryused": percent(place.memory_used, place.memory_total),
        "memoryallocated": percent(place.memory_promised, place.memory_limit),
        "memorymaxdeviation": percent(place.memory_deviation, 100),
        "cputhreshold": over(place.cpu_used, place.cpu_total, CPU_NOTIFICATION_THRESHOLD.value(cluster_uuid)),
        "cpuallocatedthreshold": over(
            place.cpu_promised, place.cpu_limit, CPU_PROMISED_NOTIFICATION_THRESHOLD.value(cluster_uuid)
        ),
        "memorythreshold": over(
            place.memory_used, place.memory_total, MEMORY_NOTIFICATION_THRESHOLD.value(cluster_uuid)
        ),
        "memoryallocatedthreshold": over(
            place.memory_promised, place.memory_limit, MEMORY_PROMISED_NOTIFICATION_THRESHOLD.value(cluster_uuid)
        ),
    }


class ZoneMetricsResponse(PlaceMetrics, ZoneResponse):
    """A zone with its figures."""

    clusters = Figure(type=STRING, help="its clusters: enabled / all")

    @classmethod
    def figures(cls, keys: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        counts = _clusters(keys)
        return {key: {**_busy(busy), "clusters": counts.get(key, "0 / 0")} for key, busy in _by("zone", keys)}


class ClusterMetricsResponse(PlaceMetrics, ClusterResponse):
    """A cluster with its figures."""

    hosts = Figure(type=STRING, help="its hosts: up / all")
    drsimbalance = Figure(type=STRING, help="deviation of its hosts from their mean share that is promised")

    @classmethod
    def figures(cls, keys: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        uuids = dict(Cluster.objects.filter(pk__in=keys).values_list("pk", "uuid"))
        return {
            key: {
                **_busy(busy, uuids.get(key)),
                "hosts": f"{busy.hosts_up} / {busy.hosts}",
                "drsimbalance": percent(busy.imbalance, 1),
            }
            for key, busy in _by("cluster", keys)
        }


def _by(column: str, keys: Sequence[int]) -> Iterator[tuple[int, Busyness]]:
    return iter(busyness_by(column, keys).items())


def _clusters(zones: Sequence[int]) -> dict[int, str]:
    """Enabled and all clusters of each zone."""
    rows = (
        Cluster.objects.filter(pod__zone__in=zones)
        .order_by()
        .values_list("pod__zone")
        .annotate(enabled=Count("pk", filter=Q(allocation_state=AllocationState.ENABLED)), all=Count("pk"))
    )
    return {zone: f"{enabled} / {count}" for zone, enabled, count in rows}


def _instances(keys: list[int], caller: Caller) -> dict[int, str]:
    return {key: f"{running} / {held}" for key, (running, held) in machine_counts(keys).items()}


USED_CPU = ("cpus", "cpu_mhz", "cpu_used_percent", "cluster__uuid")
USED_MEMORY = ("memory_mib", "memory_used_mib", "cluster__uuid")


def _ghz(mhz: float | None) -> str | None:
    return None if mhz is None else f"{mhz / 1000:.2f} GHz"


def _gb(size_bytes: float | None) -> str | None:
    return None if size_bytes is None else f"{size_bytes / GIB:.2f} GB"


def _used_mhz(row: Mapping[str, Any]) -> float | None:
    share = row["cpu_used_percent"]
    return None if share is None else row["cpus"] * row["cpu_mhz"] * share / 100


def _traffic(column: str) -> dict[str, Any]:
    return {"compute": lambda row: _gb(row[column]), "needs": (column,), "type": STRING}


class HostMetricsResponse(HostResponse):
    """A host with its figures."""

    instances = Loaded(_instances, default="0 / 0", type=STRING, help="its machines: running / all")
    systeminstances = Field(compute=lambda row: "0 / 0", type=STRING, help="the platform's own machines: none")
    powerstate = Field(
        compute=lambda row: "Disabled", type=STRING, help="Disabled: the platform does not manage the host's power"
    )
    cputotalghz = Field(
        compute=lambda row: _ghz(cpu_of(row)[1]), needs=CPU, type=STRING, help="CPU with over-provisioning"
    )
    cpuusedghz = Field(
        compute=lambda row: _ghz(_used_mhz(row)), needs=USED_CPU, type=STRING, help="CPU that is really busy"
    )
    cpuallocatedghz = Field(
        compute=lambda row: _ghz(cpu_of(row)[0]), needs=CPU, type=STRING, help="CPU that is promised to machines"
    )
    memorytotalgb = Field(
        compute=lambda row: _gb(memory_of(row)[1]), needs=MEMORY, type=STRING, help="memory with over-provisioning"
    )
    memoryusedgb = Field(
        compute=lambda row: None if row["memory_used_mib"] is None else _gb(row["memory_used_mib"] * 1024**2),
        needs=("memory_used_mib",),
        type=STRING,
        help="memory that is really in use",
    )
    memoryallocatedgb = Field(
        compute=lambda row: _gb(memory_of(row)[0]), needs=MEMORY, type=STRING, help="memory promised to machines"
    )
    networkread = Field(**_traffic("network_rx_bytes"), help="traffic received since it started")
    networkwrite = Field(**_traffic("network_tx_bytes"), help="traffic sent since it started")
    cputhreshold = Field(
        compute=lambda row: over(row["cpu_used_percent"], 100, CPU_NOTIFICATION_THRESHOLD.value(row["cluster__uuid"])),
        needs=USED_CPU,
        type=BOOL,
        help="whether more CPU is busy than the threshold for notice",
    )
    cpuallocatedthreshold = Field(
        compute=lambda row: over(*cpu_of(row), CPU_PROMISED_NOTIFICATION_THRESHOLD.value(row["cluster__uuid"])),
        needs=CPU,
        type=BOOL,
        help="whether more CPU is promised than the threshold for notice",
    )
    memorythreshold = Field(
        compute=lambda row: over(
            row["memory_used_mib"], row["memory_mib"], MEMORY_NOTIFICATION_THRESHOLD.value(row["cluster__uuid"])
        ),
        needs=USED_MEMORY,
        type=BOOL,
        help="whether more memory is in use than the threshold for notice",
    )
    memoryallocatedthreshold = Field(
        compute=lambda row: over(*memory_of(row), MEMORY_PROMISED_NOTIFICATION_THRESHOLD.value(row["cluster__uuid"])),
        needs=MEMORY,
        type=BOOL,
        help="whether more memory is promised than the threshold for notice",
    )
