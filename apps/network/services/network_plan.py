"""What a new network will look like: addresses, physical network, number. Reads and refuses; writes nothing."""

import ipaddress
from dataclasses import dataclass

from apps.accounts.services.names import ensure_dns_suffix
from apps.infrastructure.models import Zone
from apps.network.config import GUEST_CIDR, GUEST_DOMAIN_SUFFIX, GUEST_MTU
from apps.network.models import Network, NetworkOffering, NetworkServiceProvider, PhysicalNetwork
from apps.network.services.addressing import (
    Span,
    check_is_private,
    guest_span,
    host_span,
    parse_address,
    parse_cidr,
    parse_network,
)
from apps.network.services.elements import services_of
from apps.network.states import GuestType, IpPurpose, PhysicalNetworkState, ProviderState, TrafficType
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import network_elements
from cloudstack.framework.errors import InvalidParameter, ResourceInUse

SMALLEST_MTU, LARGEST_MTU = 576, 9000


@dataclass(frozen=True, kw_only=True)
class AddressPlan:
    """Addresses of a guest network; all empty when it gives none."""

    cidr: str = ""
    gateway: str = ""
    netmask: str = ""
    span: Span | None = None
    """The first range of a shared network."""


def plan_addresses(
    *, offering: NetworkOffering, zone: Zone, gateway: str = "", netmask: str = "", start_ip: str = "", end_ip: str = ""
) -> AddressPlan:
    """Raises ``InvalidParameter`` when the parameters do not make a network of the offering's kind."""
    given = {"gateway": gateway, "netmask": netmask, "startip": start_ip, "endip": end_ip}
    if offering.guest_type == GuestType.L2:
        for name, value in given.items():
            if value:
                raise InvalidParameter(f"an L2 network gives no addresses; leave {name} away", parameter=name)
        return AddressPlan()
    if offering.guest_type == GuestType.ISOLATED:
        for name in ("startip", "endip"):
            if given[name]:
                raise InvalidParameter(f"an isolated network uses its whole CIDR; leave {name} away", parameter=name)
        return _isolated(zone, gateway, netmask)
    for name in ("gateway", "netmask", "startip"):
        if not given[name]:
            raise InvalidParameter(
                f"a shared network needs gateway, netmask and startip; {name} is missing", parameter=name
            )
    address, network = parse_network(gateway, netmask)
    span = parse_range(network, address, start_ip, end_ip)
    return AddressPlan(cidr=str(network), gateway=str(address), netmask=str(network.netmask), span=span)


def _isolated(zone: Zone, gateway: str, netmask: str) -> AddressPlan:
    if bool(gateway) != bool(netmask):
        missing = "netmask" if gateway else "gateway"
        raise InvalidParameter(f"gateway and netmask go together; {missing} is missing", parameter=missing)
    if gateway:
        address, network = parse_network(gateway, netmask)
    else:
        network = parse_cidr(zone.guest_cidr or GUEST_CIDR.value(zone.uuid), "guestcidraddress")
        address = network.network_address + 1
    check_is_private(network, "gateway")
    return AddressPlan(cidr=str(network), gateway=str(address), netmask=str(network.netmask))


def parse_range(
    network: ipaddress.IPv4Network, gateway: ipaddress.IPv4Address, start_ip: str, end_ip: str = ""
) -> Span:
    """``startip`` to ``endip`` (one address without it), within ``network`` and without its gateway."""
    first = parse_address(start_ip, "startip")
    last = parse_address(end_ip or start_ip, "endip")
    for parameter, address in (("startip", first), ("endip", last)):
        if int(address) not in host_span(network):
            raise InvalidParameter(f"{parameter} {address} is not a guest's address in {network}", parameter=parameter)
    if last < first:
        raise InvalidParameter(f"endip {last} lies before startip {first}", parameter="endip")
    span = Span(int(first), int(last))
    if int(gateway) in span:
        raise InvalidParameter(f"the range {first}-{last} contains the gateway {gateway}", parameter="startip")
    return span


def plan_guest_cidr(network: Network, given: str) -> str:
    """The part of an isolated network that machines get addresses of; empty for all of it.

    Raises ``InvalidParameter`` when ``given`` is no part of it, ``ResourceInUse`` when a machine would be left out.
    """
    if network.guest_type != GuestType.ISOLATED:
        raise InvalidParameter(
            f"network {network} is {network.guest_type}; guestvmcidr is for isolated networks", parameter="guestvmcidr"
        )
    whole = ipaddress.IPv4Network(network.cidr)
    part = parse_cidr(given, "guestvmcidr") if given else whole
    if not part.subnet_of(whole):
        raise InvalidParameter(f"guestvmcidr {part} is not within {whole}", parameter="guestvmcidr")
    span = guest_span(network.cidr, str(part))
    held = network.ip_allocations.exclude(purpose=IpPurpose.SERVICE)
    outside = held.exclude(number__gte=span.first, number__lte=span.last).order_by("number").first()
    if outside is not None:
        raise ResourceInUse(f"a machine has address {outside}, which guestvmcidr {part} leaves out")
    return "" if part == whole else str(part)


def choose_physical_network(
    *, zone: Zone, offering: NetworkOffering, wanted: PhysicalNetwork | None = None
) -> PhysicalNetwork:
    """The physical network that will carry the network. Raises ``InvalidParameter`` when none or several could."""
    if wanted is not None and wanted.zone_id != zone.pk:
        raise InvalidParameter(f"physical network {wanted} is not in zone {zone}", parameter="physicalnetworkid")
    candidates = PhysicalNetwork.objects.filter(
        zone=zone,
        state=PhysicalNetworkState.ENABLED,
        traffic_types__traffic_type=TrafficType.GUEST,
        traffic_types__removed__isnull=True,
    ).order_by("pk")
    if wanted is not None:
        candidates = candidates.filter(pk=wanted.pk)
    tags = tag_set(offering.tags)
    fitting = [physical for physical in candidates if tags <= tag_set(physical.tags)]
    if not fitting:
        about = f" and has the tags {offering.tags}" if tags else ""
        raise InvalidParameter(
            f"zone {zone} has no physical network that is enabled, carries guests{about}", parameter="physicalnetworkid"
        )
    if len(fitting) > 1:
        names = ", ".join(physical.name for physical in fitting)
        raise InvalidParameter(
            f"several physical networks of zone {zone} could carry it ({names}): name one with physicalnetworkid",
            parameter="physicalnetworkid",
        )
    return fitting[0]


def tag_set(tags: str) -> frozenset[str]:
    return frozenset(filter(None, (tag.strip() for tag in tags.split(","))))


def check_providers(*, offering: NetworkOffering, physical_network: PhysicalNetwork) -> None:
    """Every provider of the offering is installed, and enabled on the physical network."""
    rows = NetworkServiceProvider.objects.filter(physical_network=physical_network, state=ProviderState.ENABLED)
    enabled = dict(rows.values_list("name", "services"))
    installed = network_elements()
    for provider, services in services_of(offering).items():
        if provider not in installed:
            raise InvalidParameter(
                f"offering {offering} needs network element {provider}, which no plugin gives",
                parameter="networkofferingid",
            )
        if provider not in enabled:
            raise InvalidParameter(
                f"offering {offering} needs provider {provider}, which is not enabled on physical network "
                f"{physical_network}; see updateNetworkServiceProvider",
                parameter="networkofferingid",
            )
        given = enabled[provider]
        missing = [service for service in services if given is not None and service not in given]
        if missing:
            raise InvalidParameter(
                f"offering {offering} needs {', '.join(missing)} of provider {provider}, which does not give it on "
                f"physical network {physical_network}; see updateNetworkServiceProvider",
                parameter="networkofferingid",
            )


def plan_domain(*, zone: Zone, owner_domains: tuple[str, ...], given: str | None) -> str:
    """DNS suffix of the guests: the one given, else that of account, domain, zone, settings."""
    if given:
        ensure_dns_suffix(given)
        return given
    named = (*owner_domains, zone.network_domain)
    return next((name for name in named if name), GUEST_DOMAIN_SUFFIX.value(zone.uuid))


def plan_mtu(*, caller: Caller, zone: Zone, given: int | None) -> int:
    """Bytes. Only root administrators know what their links carry, so nobody else goes above the zone's setting."""
    largest = GUEST_MTU.value(zone.uuid)
    if given is None:
        return largest
    bound = LARGEST_MTU if caller.is_root_admin else largest
    if not SMALLEST_MTU <= given <= bound:
        raise InvalidParameter(
            f"privatemtu {given} is not between {SMALLEST_MTU} and {bound} bytes", parameter="privatemtu"
        )
    return given


def plan_dns(dns1: str | None, dns2: str | None) -> tuple[str, str]:
    """Checked resolvers; the second is pointless without the first."""
    first = str(parse_address(dns1, "dns1")) if dns1 else ""
    second = str(parse_address(dns2, "dns2")) if dns2 else ""
    if second and not first:
        raise InvalidParameter("dns2 is given without dns1", parameter="dns1")
    return first, second
