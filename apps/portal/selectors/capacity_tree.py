"""Capacity of zones, pods, clusters and of the fullest hosts: what is promised of what may be, in a few statements."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, FloatField
from django.db.models.functions import Cast, Greatest, NullIf

from apps.infrastructure.config import CPU_PROMISED_NOTIFICATION_THRESHOLD, MEMORY_PROMISED_NOTIFICATION_THRESHOLD
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import hosts_visible_to
from apps.infrastructure.selectors.capacities import MIB, hosts_by_cluster
from apps.infrastructure.selectors.overprovisioning import cpu_limit_mhz, factors, memory_limit_mib
from apps.network.selectors.capacities import PUBLIC_ADDRESSES, SHARED_ADDRESSES, VNIS, network_capacities
from apps.storage.config import POOL_ALLOCATED_NOTICE, POOL_USED_NOTICE, STORAGE_OVERPROVISIONING
from apps.storage.selectors import pools_visible_to
from apps.storage.selectors.pools import image_stores_visible_to
from cloudstack.framework.configuration import Scope
from cloudstack.framework.context import Caller

FULLEST = 10
NEAR = 0.75
"""Share above which what has no setting of its own is marked."""


@dataclass
class Use:
    """What is taken of what there is. ``raw`` is what there is before over-provisioning."""

    used: int = 0
    total: int = 0
    raw: int = 0
    threshold: float = NEAR

    def add(self, used: int, total: int, raw: int, threshold: float) -> None:
        self.used, self.total, self.raw = self.used + used, self.total + total, self.raw + raw
        self.threshold = threshold

    @property
    def percent(self) -> float:
        return 100 * self.used / self.total if self.total else 0.0

    @property
    def factor(self) -> float:
        """How often what there is may be promised."""
        return self.total / self.raw if self.raw else 1.0


@dataclass
class Node:
    """A place with what it has, and the places in it."""

    kind: str
    pk: int
    name: str
    hosts: int = 0
    cpu: Use = field(default_factory=Use)
    memory: Use = field(default_factory=Use)
    primary: Use = field(default_factory=Use)
    in_use: Use = field(default_factory=Use)
    """Bytes of primary storage that are really written."""
    secondary: Use = field(default_factory=Use)
    addresses: Use = field(default_factory=Use)
    numbers: Use = field(default_factory=Use)
    places: dict[int, "Node"] = field(default_factory=dict)

    def walk(self, depth: int = 0) -> Iterable[tuple[int, "Node"]]:
        yield depth, self
        for place in sorted(self.places.values(), key=lambda node: node.name):
            yield from place.walk(depth + 1)


def capacity_tree(*, caller: Caller) -> list[Node]:
    """Zones by name, with pods and clusters in them."""
    zones: dict[int, Node] = {}
    by_uuid: dict[str, Node] = {}
    for row in hosts_by_cluster(hosts_visible_to(caller=caller)):
        zone = zones.setdefault(row["zone_id"], Node("zone", row["zone_id"], row["zone__name"]))
        by_uuid[str(row["zone__uuid"])] = zone
        pod = zone.places.setdefault(row["pod_id"], Node("pod", row["pod_id"], row["pod__name"]))
        cluster = pod.places.setdefault(row["cluster_id"], Node("cluster", row["cluster_id"], row["cluster__name"]))
        _add_hosts((zone, pod, cluster), row)
    _add_pools(zones, by_uuid, caller)
    _add_of_zones(by_uuid, caller)
    return sorted(zones.values(), key=lambda node: node.name)


def _add_hosts(nodes: tuple[Node, ...], row: dict[str, Any]) -> None:
    uuid = row["cluster__uuid"]
    factor = factors(uuid)
    cpu = (row["cpu_used"], cpu_limit_mhz(row["cpu_total"], factor.cpu), row["cpu_total"])
    limit = memory_limit_mib(row["memory_total"], row["memory_reserved"], factor.memory)
    memory = (row["memory_used"] * MIB, limit * MIB, (row["memory_total"] - row["memory_reserved"]) * MIB)
    for node in nodes:
        node.hosts += row["hosts"]
        node.cpu.add(*cpu, CPU_PROMISED_NOTIFICATION_THRESHOLD.value(uuid))
        node.memory.add(*memory, MEMORY_PROMISED_NOTIFICATION_THRESHOLD.value(uuid))


def _add_pools(zones: dict[int, Node], by_uuid: dict[str, Node], caller: Caller) -> None:
    """To its zone, and to its pod and cluster if it has them; a host's own storage to the host's."""
    rows = pools_visible_to(caller=caller).values(
        *("uuid", "capacity_bytes", "used_bytes", "allocated_bytes", "zone_id", "zone__uuid", "zone__name"),
        *("pod_id", "cluster_id", "host__pod_id", "host__cluster_id"),
    )
    for row in rows:
        zone = zones.setdefault(row["zone_id"], Node("zone", row["zone_id"], row["zone__name"]))
        by_uuid.setdefault(str(row["zone__uuid"]), zone)
        pod = zone.places.get(row["pod_id"] or row["host__pod_id"])
        cluster = pod.places.get(row["cluster_id"] or row["host__cluster_id"]) if pod else None
        size = row["capacity_bytes"]
        factor = STORAGE_OVERPROVISIONING.value(row["uuid"], fallback=((Scope.ZONE, row["zone__uuid"]),))
        for node in filter(None, (zone, pod, cluster)):
            node.primary.add(row["allocated_bytes"], int(size * factor), size, POOL_ALLOCATED_NOTICE.value())
            node.in_use.add(row["used_bytes"], size, size, POOL_USED_NOTICE.value())


def _add_of_zones(by_uuid: dict[str, Node], caller: Caller) -> None:
    """What is counted by zone only: image stores, numbers and addresses."""
    columns = {VNIS: "numbers", SHARED_ADDRESSES: "addresses", PUBLIC_ADDRESSES: "addresses"}
    for one in network_capacities(caller=caller, zone=None, pod=None, cluster=None, tag=""):
        node = by_uuid.get(one.place.zone_uuid)
        if node is not None:
            getattr(node, columns[one.type]).add(one.used, one.total, one.total, NEAR)
    for store in image_stores_visible_to(caller=caller).values("zone__uuid", "used_bytes", "capacity_bytes"):
        # A store of all zones stands with each.
        for node in [by_uuid[str(store["zone__uuid"])]] if str(store["zone__uuid"]) in by_uuid else by_uuid.values():
            size = store["capacity_bytes"]
            node.secondary.add(store["used_bytes"], size, size, NEAR)


def fullest_hosts(*, caller: Caller) -> list[tuple[Host, Use, Use]]:
    """Hosts with the greatest share of CPU or memory promised, with both: one statement."""
    cpu = Cast("capacity__cpu_used_mhz", FloatField()) / NullIf(F("capacity__cpu_total_mhz"), 0)
    memory = Cast("capacity__memory_used_mib", FloatField()) / NullIf(F("capacity__memory_total_mib"), 0)
    hosts = hosts_visible_to(caller=caller).select_related("cluster", "capacity")
    rows = hosts.filter(capacity__cpu_total_mhz__gt=0, capacity__memory_total_mib__gt=0)
    rows = rows.annotate(_fullest=Greatest(cpu, memory)).order_by("-_fullest", "pk")
    return [(host, *_uses_of(host)) for host in rows[:FULLEST]]


def _uses_of(host: Host) -> tuple[Use, Use]:
    uuid, has = host.cluster.uuid, host.capacity
    factor = factors(uuid)
    limit = memory_limit_mib(has.memory_total_mib, has.memory_reserved_mib, factor.memory) * MIB
    own = (has.memory_total_mib - has.memory_reserved_mib) * MIB
    return (
        Use(
            has.cpu_used_mhz,
            cpu_limit_mhz(has.cpu_total_mhz, factor.cpu),
            has.cpu_total_mhz,
            CPU_PROMISED_NOTIFICATION_THRESHOLD.value(uuid),
        ),
        Use(has.memory_used_mib * MIB, limit, own, MEMORY_PROMISED_NOTIFICATION_THRESHOLD.value(uuid)),
    )
