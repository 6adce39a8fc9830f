"""What a fresh installation has of networks. Every function may be called again and changes nothing then."""

from apps.infrastructure.models import Zone
from apps.network.models import (
    NetworkOffering,
    NetworkServiceProvider,
    PhysicalNetwork,
    PhysicalNetworkTrafficType,
    VnetRange,
)
from apps.network.services.offerings import NetworkOfferingManager
from apps.network.services.physical_networks import parse_vnet_ranges
from apps.network.services.providers import add_installed_providers
from apps.network.services.vnis import check_vnet_ranges
from apps.network.states import GuestType, PhysicalNetworkState, ProviderState, TrafficType
from cloudstack.framework.context import Caller

VIRTUAL_ROUTER_SERVICES = [("Dhcp", "VirtualRouter"), ("Dns", "VirtualRouter"), ("UserData", "VirtualRouter")]

DEFAULT_OFFERINGS = (
    {
        "name": "DefaultSharedNetworkOffering",
        "display_text": "Offering for Shared networks",
        "guest_type": GuestType.SHARED,
        "providers": VIRTUAL_ROUTER_SERVICES,
        "specify_vlan": True,
        "specify_ip_ranges": True,
    },
    {
        # CloudStack's has the operator name the VLAN; here any user's network gets a number of its own.
        "name": "DefaultIsolatedNetworkOffering",
        "display_text": "Offering for Isolated networks without Source Nat service",
        "guest_type": GuestType.ISOLATED,
        "providers": VIRTUAL_ROUTER_SERVICES,
    },
    {
        "name": "DefaultL2NetworkOffering",
        "display_text": "Offering for L2 networks",
        "guest_type": GuestType.L2,
    },
)


def seed_network_offerings(*, caller: Caller) -> list[NetworkOffering]:
    """The default offerings whose services exist; one that an operator renamed or changed is left alone."""
    if NetworkOffering.all_objects.filter(is_default=True).exists():
        return list(NetworkOffering.objects.filter(is_default=True))
    manager = NetworkOfferingManager()
    return [manager.create(caller=caller, enable=True, is_default=True, **offering) for offering in DEFAULT_OFFERINGS]


def seed_physical_network(
    *, caller: Caller, zone: Zone, name: str = "Physical Network 1", vnis: str = "5000-9999", link: str = ""
) -> PhysicalNetwork:
    """A physical network of ``zone``, enabled, for guests and management over ``link``, with all providers enabled."""
    physical = PhysicalNetwork.objects.filter(zone=zone).order_by("pk").first()
    if physical is not None:
        return physical
    spans = parse_vnet_ranges(vnis)
    check_vnet_ranges(None, zone.pk, spans)
    physical = PhysicalNetwork.objects.create(zone=zone, name=name, state=PhysicalNetworkState.ENABLED)
    VnetRange.objects.bulk_create(
        VnetRange(physical_network=physical, start=span.first, end=span.last) for span in spans
    )
    for traffic in (TrafficType.GUEST, TrafficType.MANAGEMENT):
        PhysicalNetworkTrafficType.objects.create(physical_network=physical, traffic_type=traffic, kvm_label=link)
    add_installed_providers(physical)
    NetworkServiceProvider.objects.filter(physical_network=physical).update(state=ProviderState.ENABLED)
    return physical
