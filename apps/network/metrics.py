"""Figures of addresses and numbers of networks, under CloudStack's names."""

from collections.abc import Iterator
from ipaddress import ip_address

from django.db.models import Count, F, Q, Sum

from apps.infrastructure.models import Pod, Zone
from apps.network.models import IpAllocation, Network, PublicIpAddress, VlanIpRange, VnetRange, VniAllocation
from apps.network.states import GuestType, PublicIpState
from cloudstack.framework.metrics import Collector, Family, Kind, Sample, register

_LABELS = ("zone", "filter")


def _family(name: str, about: str) -> Family:
    return Family(f"cloudstack_{name}_total", f"{about}, by zone: allocated, total.", _LABELS, Kind.UNTYPED)


PRIVATE = _family("private_ips", "Addresses of pods that the platform may use for itself")
PUBLIC = _family("public_ips", "Public addresses")
SHARED = _family("shared_network_ips", "Addresses of shared networks")
VLANS = _family("vlans", "Numbers for isolated networks")
NETWORKS = Family("cloudstack_networks", "Networks, by zone, kind and state.", ("zone", "type", "state"))

Figures = dict[str, tuple[int, int]]
"""By zone: allocated, total."""


def _private() -> Figures:
    found: dict[str, int] = {}
    pods = Pod.objects.filter(zone__removed__isnull=True).exclude(start_ip="").exclude(end_ip="")
    for zone, first, last in pods.values_list("zone__name", "start_ip", "end_ip"):
        found[zone] = found.get(zone, 0) + int(ip_address(last)) - int(ip_address(first)) + 1
    # The platform has no machines of its own that would take any.
    return {zone: (0, total) for zone, total in found.items()}


def _public() -> Figures:
    rows = PublicIpAddress.objects.filter(zone__removed__isnull=True).order_by().values_list("zone__name")
    counted = rows.annotate(free=Count("pk", filter=Q(state=PublicIpState.FREE)), total=Count("pk"))
    return {zone: (total - free, total) for zone, free, total in counted}


def _shared() -> Figures:
    shared = {"network__guest_type": GuestType.SHARED, "network__removed__isnull": True}
    used = IpAllocation.objects.filter(**shared).order_by().values_list("network__zone__name").annotate(Count("pk"))
    ranges = VlanIpRange.objects.filter(**shared).order_by().values_list("network__zone__name")
    taken = dict(used)
    sizes = ranges.annotate(total=Sum(F("end_number") - F("start_number") + 1))
    return {zone: (taken.get(zone, 0), total) for zone, total in sizes}


def _vlans() -> Figures:
    taken = dict(VniAllocation.objects.order_by().values_list("zone__name").annotate(Count("pk")))
    ranges = VnetRange.objects.filter(physical_network__removed__isnull=True).order_by()
    sizes = ranges.values_list("physical_network__zone__name").annotate(total=Sum(F("end") - F("start") + 1))
    return {zone: (taken.get(zone, 0), total) for zone, total in sizes}


def _read() -> Iterator[Sample]:
    zones = list(Zone.objects.order_by("name").values_list("name", flat=True))
    for family, figures in ((PRIVATE, _private()), (PUBLIC, _public()), (SHARED, _shared()), (VLANS, _vlans())):
        for zone in zones:
            allocated, total = figures.get(zone, (0, 0))
            yield family, (zone, "allocated"), allocated
            yield family, (zone, "total"), total
    networks = Network.objects.filter(zone__removed__isnull=True)
    counted = networks.values_list("zone__name", "guest_type", "state").annotate(count=Count("pk"))
    for zone, kind, state, count in counted.order_by("zone__name", "guest_type", "state"):
        yield NETWORKS, (zone, kind, state), count


register(Collector("networks", (PRIVATE, PUBLIC, SHARED, VLANS, NETWORKS), _read))
