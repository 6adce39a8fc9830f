"""The hosts that placement looks at: one statement, made for zones of thousands of hosts."""

from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.functions import Cast, Coalesce, Greatest

from apps.infrastructure.models import CapacityReservation, Dedication, Host, HypervisorCapabilities
from apps.infrastructure.models.hypervisor import DEFAULT_VERSION
from apps.infrastructure.selectors.dedications import Keeper, keepers_in
from apps.infrastructure.selectors.overprovisioning import Factors, cpu_limit_mhz, factors, memory_limit_mib
from apps.infrastructure.states import AllocationState, HostStatus, ManagedState, ResourceState
from cloudstack.contracts.placement import HostCandidate, PlacementRequest
from cloudstack.framework.statements import Statement

NONE: frozenset[str] = frozenset()
NOBODY = Keeper("")
OPEN = (str(AllocationState.ENABLED),) * 3 + (str(ManagedState.MANAGED),)
COLUMNS = (
    "pk",
    "uuid_text",
    "name",
    "status",
    "resource_state",
    "cpus",
    "cpu_mhz",
    "tags",
    "capacity__cpu_total_mhz",
    "capacity__cpu_used_mhz",
    "capacity__memory_total_mib",
    "capacity__memory_reserved_mib",
    "capacity__memory_used_mib",
    "cluster_id",
    "cluster_uuid",
    "pod_uuid",
    "zone__allocation_state",
    "pod__allocation_state",
    "cluster__allocation_state",
    "cluster__managed_state",
    "guest_os_category_id",
    "guests_left",
    "any_kept",
)


def candidates_of(
    request: PlacementRequest,
    pools_of: Callable[[Collection[int]], Mapping[int, frozenset[str]]] | None = None,
    *,
    most: int | None = None,
) -> list[HostCandidate]:
    """Hosts of the zone and hypervisor asked for, those that cannot serve included: placement says why not.

    ``pools_of`` tells which pools the hosts (by primary key) reach; it costs a second statement. ``most``: only so
    many, the machine's last host and the emptiest of those in service first; all where something is dedicated.
    """
    rows = _rows(request, most)
    keepers = keepers_in(request.zone_uuid) if rows and rows[0][-1] else {}
    if keepers and most is not None:
        # Kept hosts come first for their owner, however full they are.
        rows = _rows(request, None)
    pools = pools_of([row[0] for row in rows]) if pools_of else {}
    hypervisor = request.hypervisor
    clusters: dict[int, tuple[dict[str, Any], Factors]] = {}
    candidates = []
    for row in rows:
        pk, uuid, name, status, resource_state, cpus, cpu_mhz, tags = row[:8]
        cpu_total, cpu_used, memory_total, memory_reserved, memory_used, cluster_id = row[8:14]
        known = clusters.get(cluster_id)
        if known is None:
            known = clusters[cluster_id] = _of_cluster(request.zone_uuid, keepers, *row[14:16], row[16:20])
        shared, factor = known
        # The initialiser of a frozen dataclass costs as much as the query; filling its dict does not.
        host = object.__new__(HostCandidate)
        host.__dict__.update(
            shared,
            uuid=uuid if len(uuid) == 36 else uuid_text(uuid),
            name=name,
            hypervisor=hypervisor,
            status=status,
            resource_state=resource_state,
            cpus=cpus,
            cpu_mhz=cpu_mhz,
            cpu_limit_mhz=cpu_limit_mhz(cpu_total or 0, factor.cpu),
            cpu_used_mhz=cpu_used or 0,
            memory_limit_mib=memory_limit_mib(memory_total or 0, memory_reserved or 0, factor.memory),
            memory_used_mib=memory_used or 0,
            tags=frozenset(tags.split(",")) if tags else NONE,
            pool_uuids=pools.get(pk, NONE),
            guest_os_category=str(row[20] or ""),
            guests_left=row[21],
        )
        if keepers and (keeper := keepers.get(host.uuid)):
            host.__dict__.update(kept_for_domain=keeper.domain_path, kept_for_account=keeper.account_uuid)
        candidates.append(host)
    return candidates


def _of_cluster(
    zone_uuid: str, keepers: Mapping[str, Keeper], cluster_uuid: str, pod_uuid: str, states: tuple[str, ...]
) -> tuple[dict[str, Any], Factors]:
    """What all hosts of one cluster have in common."""
    cluster_uuid, pod_uuid = uuid_text(cluster_uuid), uuid_text(pod_uuid)
    # What is kept inside of something that is kept is kept for the same people or fewer.
    keeper = keepers.get(cluster_uuid) or keepers.get(pod_uuid) or keepers.get(zone_uuid) or NOBODY
    shared = {
        "cluster_uuid": cluster_uuid,
        "pod_uuid": pod_uuid,
        "cluster_enabled": tuple(states) == OPEN,
        "kept_for_domain": keeper.domain_path,
        "kept_for_account": keeper.account_uuid,
    }
    return shared, factors(cluster_uuid)


def _rows(request: PlacementRequest, most: int | None) -> list[tuple[Any, ...]]:
    asked = {
        "zone": request.zone_uuid,
        "host": request.host_uuid,
        "cluster": request.cluster_uuid,
        "pod": request.pod_uuid,
        "last_host": request.last_host_uuid if most is not None else "",
    }
    wanted = {name: UUID(uuid) for name, uuid in asked.items() if uuid}
    return _HOSTS.rows({"most": most}, hypervisor=request.hypervisor, **wanted)


def _hosts(
    *,
    most: int | None,
    hypervisor: str,
    zone: UUID,
    host: UUID | None = None,
    cluster: UUID | None = None,
    pod: UUID | None = None,
    last_host: UUID | None = None,
) -> QuerySet[Host, Any]:
    wanted = {"zone__uuid": zone, "uuid": host, "cluster__uuid": cluster, "pod__uuid": pod}
    hosts = Host.objects.filter(hypervisor=hypervisor, **{path: uuid for path, uuid in wanted.items() if uuid})
    hosts = hosts.order_by("name") if most is None else _emptiest_first(hosts, last_host)[:most]
    # As text: 3,000 objects of the class UUID would double the time.
    return hosts.annotate(
        uuid_text=Cast("uuid", CharField()),
        cluster_uuid=Cast("cluster__uuid", CharField()),
        pod_uuid=Cast("pod__uuid", CharField()),
        guests_left=_guests_left(hypervisor),
        any_kept=Exists(Dedication.objects.values("pk")),
    ).values_list(*COLUMNS)


_HOSTS = Statement(_hosts)


def _guests_left(hypervisor: str) -> Case:
    """The limit of the hypervisor less the machines of the host; they are counted only where there is a limit."""
    rows = HypervisorCapabilities.objects.filter(hypervisor=hypervisor, version=DEFAULT_VERSION)
    limit = Subquery(rows.values("max_guests")[:1])
    guests = CapacityReservation.objects.filter(host=OuterRef("pk")).order_by().values("host")
    count = Coalesce(Subquery(guests.annotate(n=Count("pk")).values("n")), 0)
    unlimited = ~Exists(rows.filter(max_guests__isnull=False))
    return Case(When(unlimited, then=None), default=limit - count, output_field=IntegerField())


def _emptiest_first(hosts: QuerySet[Host], last_host: UUID | None) -> QuerySet[Host]:
    """By the share of their memory that is promised; over-provisioning stretches all hosts of a cluster alike."""
    first = [When(uuid=last_host, then=0)] if last_host else []
    in_service = When(status=HostStatus.UP, resource_state=ResourceState.ENABLED, then=1)
    usable = F("capacity__memory_total_mib") - F("capacity__memory_reserved_mib")
    promised = Cast("capacity__memory_used_mib", FloatField()) / Greatest(usable, 1)
    return hosts.order_by(Case(*first, in_service, default=2), promised, "name")


def uuid_text(value: str) -> str:
    """A UUID as we write it; SQLite keeps 32 hexadecimal digits without hyphens."""
    if len(value) == 32:
        return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"
    return value
