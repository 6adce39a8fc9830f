"""How many numbers and addresses networks have left, as lists of capacity show it."""

from collections.abc import Iterable

from django.db.models import Count, F, Q, Sum

from apps.infrastructure.models import Cluster, Pod, Zone
from apps.infrastructure.selectors.capacities import Capacity, place_of
from apps.network.models import IpAllocation, PublicIpAddress, VlanIpRange, VnetRange, VniAllocation
from apps.network.states import GuestType, PublicIpState
from cloudstack.framework.context import Caller

PUBLIC_ADDRESSES, VNIS, SHARED_ADDRESSES = 4, 7, 8
"""CloudStack's numbers of capacity types."""


def network_capacities(
    *, caller: Caller, zone: Zone | None, pod: Pod | None, cluster: Cluster | None, tag: str
) -> Iterable[Capacity]:
    """Public addresses, numbers of isolated networks and addresses of shared ones, by zone.

    Pods, clusters and tags have none.
    """
    if tag or pod or cluster or not caller.is_root_admin:
        return
    yield from _public_addresses(zone)
    yield from _vnis(zone)
    yield from _shared_addresses(zone)


def _public_addresses(zone: Zone | None) -> Iterable[Capacity]:
    addresses = PublicIpAddress.objects.filter(zone__removed__isnull=True)
    if zone is not None:
        addresses = addresses.filter(zone=zone)
    free = Count("pk", filter=Q(state=PublicIpState.FREE))
    rows = addresses.order_by("zone").values("zone__uuid", "zone__name")
    for row in rows.annotate(total=Count("pk"), free=free):
        yield Capacity(
            place=place_of(row),
            type=PUBLIC_ADDRESSES,
            name="VIRTUAL_NETWORK_PUBLIC_IP",
            used=row["total"] - row["free"],
            total=row["total"],
        )


def _vnis(zone: Zone | None) -> Iterable[Capacity]:
    ranges = VnetRange.objects.filter(physical_network__removed__isnull=True)
    taken = VniAllocation.objects.all()
    if zone is not None:
        ranges, taken = ranges.filter(physical_network__zone=zone), taken.filter(zone=zone)
    used = dict(taken.order_by().values_list("zone__uuid").annotate(Count("pk")))
    rows = ranges.order_by("physical_network__zone").values(
        zone__uuid=F("physical_network__zone__uuid"), zone__name=F("physical_network__zone__name")
    )
    for row in rows.annotate(total=Sum(F("end") - F("start") + 1)):
        taken_here = used.get(row["zone__uuid"], 0)
        yield Capacity(place=place_of(row), type=VNIS, name="VLAN", used=taken_here, total=row["total"])


def _shared_addresses(zone: Zone | None) -> Iterable[Capacity]:
    ranges = VlanIpRange.objects.filter(network__guest_type=GuestType.SHARED, network__removed__isnull=True)
    taken = IpAllocation.objects.filter(network__guest_type=GuestType.SHARED, network__removed__isnull=True)
    if zone is not None:
        ranges, taken = ranges.filter(network__zone=zone), taken.filter(network__zone=zone)
    used = dict(taken.order_by().values_list("network__zone__uuid").annotate(Count("pk")))
    rows = ranges.order_by("network__zone").values(
        zone__uuid=F("network__zone__uuid"), zone__name=F("network__zone__name")
    )
    for row in rows.annotate(total=Sum(F("end_number") - F("start_number") + 1)):
        yield Capacity(
            place=place_of(row),
            type=SHARED_ADDRESSES,
            name="DIRECT_ATTACHED_PUBLIC_IP",
            used=used.get(row["zone__uuid"], 0),
            total=row["total"],
        )
