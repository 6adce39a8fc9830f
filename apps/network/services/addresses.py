"""Who holds which address of a guest network. Called by managers and workflows that have checked the caller."""

import ipaddress
import secrets
import uuid
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from apps.network.models import IpAllocation, MacAllocation, Network
from apps.network.services.addressing import Span, dotted, guest_span, parse_address, without
from apps.network.services.numbers import insert, lowest_free, take_number
from apps.network.states import GuestType, IpPurpose, NetworkState
from cloudstack.framework.errors import InsufficientAddressCapacity, InvalidParameter, ResourceInUse

MAC_TRIES = 50


@dataclass(frozen=True, kw_only=True)
class NicAddress:
    """What a card gets from its network. The texts are empty in a network without addresses (L2)."""

    mac: str
    ipv4: str = ""
    netmask: str = ""
    gateway: str = ""


def spans_of(network: Network) -> list[Span]:
    """Numbers that cards of ``network`` may hold: its ranges, or its CIDR, without the gateway."""
    if not network.cidr:
        return []
    if network.guest_type == GuestType.SHARED:
        rows = network.ip_ranges(manager="objects").order_by("start_number")
        spans = [Span(first, last) for first, last in rows.values_list("start_number", "end_number")]
    else:
        spans = [guest_span(network.cidr, network.guest_vm_cidr)]
    return without(spans, [int(ipaddress.IPv4Address(network.gateway))] if network.gateway else [])


def hold_address(
    *, network: Network, holder_uuid: uuid.UUID, purpose: IpPurpose = IpPurpose.NIC, requested: str = ""
) -> IpAllocation:
    """Give ``holder_uuid`` an address of ``network``; a holder that has one keeps it.

    Raises ``InvalidParameter`` for a ``requested`` address that the network cannot give,
    ``ResourceInUse`` when somebody else holds it and ``InsufficientAddressCapacity`` when none is free.
    """

    def create(number: int) -> IpAllocation:
        return IpAllocation.objects.create(
            network=network,
            number=number,
            address=dotted(number),
            holder_uuid=holder_uuid,
            purpose=purpose,
            uuid=uuid.uuid4() if purpose == IpPurpose.SECONDARY else None,
        )

    def already() -> IpAllocation | None:
        if purpose == IpPurpose.SECONDARY:
            return None
        return IpAllocation.objects.filter(network=network, holder_uuid=holder_uuid, purpose=purpose).first()

    # Who has one already is found when the insertion meets the constraint; hardly anybody has.
    spans = spans_of(network)
    if requested:
        row = already()
        if row is None:
            return _hold_requested(network, spans, requested, create, already)
        if row.number != int(parse_address(requested, "ipaddress")):
            raise ResourceInUse(f"the card holds {row.address} already; release it before it gets {requested}")
        return row
    row = take_number(
        held=IpAllocation.objects.filter(network=network), field="number", spans=spans, create=create, already=already
    )
    if row is None:
        raise InsufficientAddressCapacity(
            f"network {network} has no free address left; all {sum(map(len, spans))} are taken",
            uuids=((str(network.uuid), "network"),),
        )
    return row


def _hold_requested(network: Network, spans: list[Span], requested: str, create, already) -> IpAllocation:
    address = parse_address(requested, "ipaddress")
    if not any(int(address) in span for span in spans):
        raise _not_a_guests(network, str(address))
    row = insert(create, int(address)) or already()
    if row is None or row.number != int(address):
        raise ResourceInUse(f"{address} of network {network} is in use; ask for another one, or for none")
    return row


def _not_a_guests(network: Network, address: str) -> InvalidParameter:
    spans = spans_of(network)
    free = ", ".join(f"{dotted(span.first)}-{dotted(span.last)}" for span in spans[:8]) or "none"
    return InvalidParameter(
        f"network {network} cannot give {address}; its addresses for guests are {free}", parameter="ipaddress"
    )


def hold_mac(*, network: Network, holder_uuid: uuid.UUID, requested: str = "") -> MacAllocation:
    """Give ``holder_uuid`` a MAC address that no other card of the cloud has; it keeps one that it has."""
    for _ in range(1 if requested else MAC_TRIES):
        mac = parse_mac(requested) if requested else allocate_mac()
        try:
            with transaction.atomic():
                return MacAllocation.objects.create(network=network, mac=mac, holder_uuid=holder_uuid)
        except IntegrityError:
            row = MacAllocation.objects.filter(holder_uuid=holder_uuid).first()
            if row is not None:
                return row
    if requested:
        raise ResourceInUse(f"MAC address {requested} is in use; ask for another one, or for none")
    raise InsufficientAddressCapacity("no free MAC address was found")


def allocate_mac() -> str:
    """A random unicast address of the locally administered kind; ``hold_mac`` makes sure that it is the only one."""
    return ":".join(f"{octet:02x}" for octet in (0x02, *secrets.token_bytes(5)))


def parse_mac(text: str) -> str:
    """``02-AB-…`` or ``02:ab:…`` → ``02:ab:…``; refuses what cannot be the address of a card."""
    octets = text.strip().lower().replace("-", ":").split(":")
    try:
        values = [int(octet, 16) for octet in octets if len(octet) == 2]
    except ValueError:
        values = []
    if len(values) != 6 or len(octets) != 6:
        raise InvalidParameter(
            f"macaddress {text!r} is not a MAC address such as 02:00:4c:9f:00:05", parameter="macaddress"
        )
    if values[0] & 1 or not any(values):
        raise InvalidParameter(f"macaddress {text!r} is not that of a single card", parameter="macaddress")
    return ":".join(f"{value:02x}" for value in values)


def reserve_nic(
    *, network: Network, nic_uuid: uuid.UUID, requested_ip: str = "", requested_mac: str = ""
) -> NicAddress:
    """Hold a MAC address and, where the network gives addresses, an IPv4 address for a card.

    Runs inside the caller's transaction; the same ``nic_uuid`` again gives the same answer. Refuses a
    network that is being deleted, also when the deletion commits while this waits.
    """
    if requested_ip and not network.cidr:
        raise InvalidParameter(f"network {network} gives no addresses, so none can be asked for", parameter="ipaddress")
    mac = hold_mac(network=network, holder_uuid=nic_uuid, requested=requested_mac)
    address = hold_address(network=network, holder_uuid=nic_uuid, requested=requested_ip) if network.cidr else None
    # The rows above point at the network, so a deletion either sees them or has committed by now.
    if not Network.objects.filter(pk=network.pk).exclude(state=NetworkState.DESTROY).exists():
        raise InvalidParameter(f"network {network} is being deleted", uuids=((str(network.uuid), "network"),))
    return NicAddress(
        mac=mac.mac,
        ipv4=address.address if address else "",
        netmask=network.netmask if address else "",
        gateway=network.gateway if address else "",
    )


def free_nic(*, nic_uuid: uuid.UUID) -> None:
    """Give back whatever a card holds: its addresses, secondary ones included, and its MAC address."""
    IpAllocation.objects.filter(holder_uuid=nic_uuid).delete()
    MacAllocation.objects.filter(holder_uuid=nic_uuid).delete()


def change_nic_address(*, network: Network, nic_uuid: uuid.UUID, requested: str = "") -> IpAllocation:
    """Exchange the address of a card for ``requested``, or for any other free one, in one transaction."""
    with transaction.atomic():
        row = hold_address(network=network, holder_uuid=nic_uuid, purpose=IpPurpose.SECONDARY, requested=requested)
        IpAllocation.objects.filter(network=network, holder_uuid=nic_uuid, purpose=IpPurpose.NIC).delete()
        row.purpose, row.uuid = IpPurpose.NIC, None
        row.save(update_fields=["purpose", "uuid"])
        return row


def ensure_can_give(*, network: Network, address: str) -> None:
    """Raises ``InvalidParameter`` or ``ResourceInUse`` when ``network`` cannot give ``address`` now."""
    number = int(parse_address(address, "ipaddress"))
    if not any(number in span for span in spans_of(network)):
        raise _not_a_guests(network, address)
    if IpAllocation.objects.filter(network=network, number=number).exists():
        raise ResourceInUse(f"{address} of network {network} is in use; ask for another one, or for none")


def secondary_addresses(*, nic_uuid: uuid.UUID) -> list[IpAllocation]:
    """The further addresses of a card, oldest first."""
    rows = IpAllocation.objects.filter(holder_uuid=nic_uuid, purpose=IpPurpose.SECONDARY)
    return list(rows.order_by("pk"))


def hold_service_address(*, network: Network, requested: str = "") -> str:
    """The address of the network's own DHCP and DNS server: ``requested``, or the lowest that is free."""
    held = IpAllocation.objects.filter(network=network)
    if not requested and not held.filter(holder_uuid=network.uuid, purpose=IpPurpose.SERVICE).exists():
        number = lowest_free(held, "number", spans_of(network))
        requested = "" if number is None else dotted(number)
    return hold_address(
        network=network, holder_uuid=network.uuid, purpose=IpPurpose.SERVICE, requested=requested
    ).address
