"""The hosts that placement looks at: one statement for a zone, made for a thousand hosts in a few milliseconds."""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any

from django.db import connection

from apps.infrastructure.models import Host
from apps.infrastructure.selectors.overprovisioning import cpu_limit_mhz, factors, memory_limit_mib
from apps.infrastructure.states import AllocationState, ManagedState
from cloudstack.contracts.placement import HostCandidate, PlacementRequest

NONE: frozenset[str] = frozenset()
OPEN = (str(AllocationState.ENABLED),) * 3 + (str(ManagedState.MANAGED),)
COLUMNS = (
    "pk",
    "uuid",
    "name",
    "pod__uuid",
    "cluster__uuid",
    "status",
    "resource_state",
    "zone__allocation_state",
    "pod__allocation_state",
    "cluster__allocation_state",
    "cluster__managed_state",
    "cpus",
    "cpu_mhz",
    "tags",
    "capacity__cpu_total_mhz",
    "capacity__cpu_used_mhz",
    "capacity__memory_total_mib",
    "capacity__memory_reserved_mib",
    "capacity__memory_used_mib",
)


def candidates_of(
    request: PlacementRequest,
    pools_of: Callable[[Collection[int]], Mapping[int, frozenset[str]]] | None = None,
) -> list[HostCandidate]:
    """Hosts of the zone and hypervisor asked for, those that cannot serve included: placement says why not.

    ``pools_of`` tells which pools the hosts (by primary key) reach; it costs a second statement.
    """
    rows = _rows(request)
    pools = pools_of([row[0] for row in rows]) if pools_of else {}
    limits = cache(factors)
    text = cache(uuid_text)
    candidates = []
    for row in rows:
        pk, uuid, name, pod, cluster, status, resource_state, *states, cpus, cpu_mhz, tags = row[:14]
        cpu_total, cpu_used, memory_total, memory_reserved, memory_used = row[14:]
        cluster_uuid = text(cluster)
        factor = limits(cluster_uuid)
        # The initialiser of a frozen dataclass costs as much as the query; filling its dict does not.
        host = object.__new__(HostCandidate)
        host.__dict__.update(
            uuid=uuid_text(uuid),
            name=name,
            pod_uuid=text(pod),
            cluster_uuid=cluster_uuid,
            hypervisor=request.hypervisor,
            status=status,
            resource_state=resource_state,
            cluster_enabled=tuple(states) == OPEN,
            cpus=cpus,
            cpu_mhz=cpu_mhz,
            cpu_limit_mhz=cpu_limit_mhz(cpu_total or 0, factor.cpu),
            cpu_used_mhz=cpu_used or 0,
            memory_limit_mib=memory_limit_mib(memory_total or 0, memory_reserved or 0, factor.memory),
            memory_used_mib=memory_used or 0,
            tags=frozenset(tags.split(",")) if tags else NONE,
            pool_uuids=pools.get(pk, NONE),
        )
        candidates.append(host)
    return candidates


def _rows(request: PlacementRequest) -> list[tuple[Any, ...]]:
    hosts = Host.objects.filter(zone__uuid=request.zone_uuid, hypervisor=request.hypervisor)
    if request.host_uuid:
        hosts = hosts.filter(uuid=request.host_uuid)
    if request.cluster_uuid:
        hosts = hosts.filter(cluster__uuid=request.cluster_uuid)
    if request.pod_uuid:
        hosts = hosts.filter(pod__uuid=request.pod_uuid)
    # The ORM writes the statement, the cursor reads it: converting 3,000 UUIDs to objects doubles the time.
    sql, parameters = hosts.values_list(*COLUMNS).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def uuid_text(value: Any) -> str:
    """A UUID column as text, whether the database hands out objects or 32 hexadecimal digits."""
    if isinstance(value, str) and len(value) == 32:
        return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"
    return str(value)
