"""Set-ups of zones, and what there is in their zones."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.selectors import zones_visible_to
from apps.infrastructure.states import AllocationState, HostStatus
from apps.network.models import Network, PhysicalNetwork, PhysicalNetworkTrafficType, VnetRange
from apps.network.states import GuestType, PhysicalNetworkState, TrafficType
from apps.portal.models import ZoneSetup
from apps.storage.models import ImageStore, StoragePool
from apps.storage.states import PoolState
from cloudstack.framework.context import Caller


def zone_setups_visible_to(*, caller: Caller) -> QuerySet[ZoneSetup]:
    """Root admins see every set-up, so that one can go on with another's; nobody else sees any."""
    rows = ZoneSetup.objects.select_related("user", "zone")
    return rows if caller.is_root_admin else rows.none()


def zone_setup_get(*, caller: Caller, uuid: UUID) -> ZoneSetup | None:
    return zone_setups_visible_to(caller=caller).filter(uuid=uuid).first()


def zones_in_no_setup(*, caller: Caller) -> QuerySet[Zone]:
    """Zones that take no machines and that nobody is setting up."""
    under_way = ZoneSetup.objects.filter(zone=OuterRef("pk"), launched__isnull=True)
    return zones_visible_to(caller=caller).filter(~Exists(under_way), allocation_state=AllocationState.DISABLED)


def with_progress(zones: QuerySet[Zone]) -> QuerySet[Zone]:
    """Each zone with what it has: ``has_pod``, ``has_host_up``…; no further statement."""
    zone = OuterRef("pk")
    carrying = PhysicalNetworkTrafficType.objects.filter(traffic_type=TrafficType.GUEST).values("physical_network")
    guests = PhysicalNetwork.objects.filter(zone=zone, pk__in=carrying)
    hosts, pools = Host.objects.filter(zone=zone), StoragePool.objects.filter(zone=zone)
    stores = ImageStore.objects.filter(Q(zone=zone) | Q(zone__isnull=True))
    facts: dict[str, Any] = {
        "physical": PhysicalNetwork.objects.filter(zone=zone),
        "guest_physical": guests,
        "guest_physical_enabled": guests.filter(state=PhysicalNetworkState.ENABLED),
        "pod": Pod.objects.filter(zone=zone),
        "numbers": VnetRange.objects.filter(physical_network__zone=zone, physical_network__removed__isnull=True),
        "shared_network": Network.objects.filter(zone=zone, guest_type=GuestType.SHARED),
        "cluster": Cluster.objects.filter(pod__zone=zone),
        "host": hosts,
        "host_up": hosts.filter(status=HostStatus.UP),
        "pool": pools,
        "pool_up": pools.filter(state=PoolState.UP),
        "store": stores,
        "store_known": stores.filter(facts_at__isnull=False),
    }
    return zones.annotate(**{f"has_{name}": Exists(rows) for name, rows in facts.items()})
