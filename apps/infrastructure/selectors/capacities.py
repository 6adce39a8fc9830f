"""Capacity summed up: of hosts here, of storage and addresses from the apps above."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.selectors.infrastructure import hosts_visible_to
from apps.infrastructure.selectors.overprovisioning import cpu_limit_mhz, factors, memory_limit_mib
from cloudstack.framework.context import Caller

MEMORY, CPU = 0, 1
"""CloudStack's numbers of capacity types; memory counts in bytes, CPU in MHz."""
MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Place:
    """A zone, or a pod or cluster in it; what is not meant is empty."""

    zone_uuid: str = ""
    zone_name: str = ""
    pod_uuid: str = ""
    pod_name: str = ""
    cluster_uuid: str = ""
    cluster_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How much of one kind is there and taken in one place."""

    place: Place
    type: int
    name: str
    used: int
    total: int
    tag: str = ""

    @property
    def percent(self) -> float:
        return 100 * self.used / self.total if self.total else 0.0


Source = Callable[..., Iterable[Capacity]]
_sources: list[Source] = []


def register_capacity_source(source: Source) -> None:
    """Register ``source(*, caller, zone, pod, cluster, tag) -> capacities`` of storage, addresses and the like.

    With ``tag`` only what carries that tag counts; what has no tags has nothing to add then.
    """
    if source not in _sources:
        _sources.append(source)


def capacities(
    *,
    caller: Caller,
    zone: Zone | None = None,
    pod: Pod | None = None,
    cluster: Cluster | None = None,
    tag: str = "",
) -> list[Capacity]:
    """Per zone, or for the pod or cluster asked for; hosts first, then what the apps above add.

    With ``tag``: of the hosts (and what the apps above keep) that carry this tag.
    """
    hosts = hosts_visible_to(caller=caller)
    if tag:
        hosts = hosts.filter(has_tag(tag))
    if zone is not None:
        hosts = hosts.filter(zone=zone)
    if pod is not None:
        hosts = hosts.filter(pod=pod)
    if cluster is not None:
        hosts = hosts.filter(cluster=cluster)
    depth = 3 if cluster is not None else 2 if pod is not None else 1
    found = _of_hosts(hosts, depth)
    for source in _sources:
        found.extend(source(caller=caller, zone=zone, pod=pod, cluster=cluster, tag=tag))
    return [replace(one, tag=tag) for one in found] if tag else found


def has_tag(tag: str, column: str = "tags") -> Q:
    """Rows whose comma list without blanks holds ``tag``."""
    ends = Q(**{f"{column}__startswith": f"{tag},"}) | Q(**{f"{column}__endswith": f",{tag}"})
    return Q(**{column: tag}) | ends | Q(**{f"{column}__contains": f",{tag},"})


def place_of(row: Mapping[str, Any], pod: Pod | None = None, cluster: Cluster | None = None) -> Place:
    """The place that a source's row belongs to: its zone, and the pod and cluster that were asked for."""
    pod = cluster.pod if cluster is not None else pod
    return Place(
        zone_uuid=str(row["zone__uuid"]),
        zone_name=row["zone__name"],
        pod_uuid=str(pod.uuid) if pod else "",
        pod_name=pod.name if pod else "",
        cluster_uuid=str(cluster.uuid) if cluster else "",
        cluster_name=cluster.name if cluster else "",
    )


def capacities_by(column: str, keys: list[int], *, caller: Caller) -> dict[int, list[Capacity]]:
    """CPU and memory of many zones, pods or clusters (``column``: ``zone``, ``pod``, ``cluster``) in one statement."""
    hosts = hosts_visible_to(caller=caller).filter(**{f"{column}_id__in": keys})
    result: dict[int, list[Capacity]] = {key: [] for key in keys}
    depth = {"zone": 1, "pod": 2, "cluster": 3}[column]
    for key, sums in _summed(hosts, lambda row: row[f"{column}_id"], depth).items():
        result[key] = _as_capacities(*sums)
    return result


def _of_hosts(hosts: QuerySet[Host], depth: int) -> list[Capacity]:
    by_place = _summed(hosts, lambda row: _place(row, depth), depth)
    return [one for sums in by_place.values() for one in _as_capacities(*sums)]


def hosts_by_cluster(hosts: QuerySet[Host]) -> QuerySet[Host, dict[str, Any]]:
    """One row for each cluster with its place, how many ``hosts`` it has, and their sums before over-provisioning."""
    return (
        hosts.values(
            "zone_id",
            "pod_id",
            "cluster_id",
            "zone__uuid",
            "zone__name",
            "pod__uuid",
            "pod__name",
            "cluster__uuid",
            "cluster__name",
        )
        .annotate(
            hosts=Count("pk"),
            cpu_total=Sum("capacity__cpu_total_mhz", default=0),
            cpu_used=Sum("capacity__cpu_used_mhz", default=0),
            memory_total=Sum("capacity__memory_total_mib", default=0),
            memory_reserved=Sum("capacity__memory_reserved_mib", default=0),
            memory_used=Sum("capacity__memory_used_mib", default=0),
        )
        .order_by("zone_id", "pod_id", "cluster_id")
    )


def _summed(hosts: QuerySet[Host], key_of: Callable[[dict[str, Any]], Any], depth: int) -> dict[Any, tuple[Any, ...]]:
    """Sums per key. Clusters are added up here because each has an over-provisioning of its own."""
    sums: dict[Any, tuple[Any, ...]] = {}
    for row in hosts_by_cluster(hosts):
        factor = factors(row["cluster__uuid"])
        added = (
            row["cpu_used"],
            cpu_limit_mhz(row["cpu_total"], factor.cpu),
            row["memory_used"],
            memory_limit_mib(row["memory_total"], row["memory_reserved"], factor.memory),
        )
        key = key_of(row)
        place, *known = sums.get(key, (_place(row, depth), 0, 0, 0, 0))
        sums[key] = (place, *(old + new for old, new in zip(known, added, strict=True)))
    return sums


def _place(row: dict[str, Any], depth: int) -> Place:
    names = ("zone", "pod", "cluster")[:depth]
    parts = {f"{name}_uuid": str(row[f"{name}__uuid"]) for name in names}
    return Place(**parts, **{f"{name}_name": row[f"{name}__name"] for name in names})


def _as_capacities(place: Place, cpu_used: int, cpu_total: int, memory_used: int, memory_total: int) -> list[Capacity]:
    return [
        Capacity(place=place, type=MEMORY, name="MEMORY", used=memory_used * MIB, total=memory_total * MIB),
        Capacity(place=place, type=CPU, name="CPU", used=cpu_used, total=cpu_total),
    ]
