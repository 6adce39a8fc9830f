"""VXLAN numbers: a network holds one while it has a segment anywhere."""

from apps.network.events import ZONE_VXLAN_ASSIGN, ZONE_VXLAN_RELEASE
from apps.network.models import Network, NetworkHost, PhysicalNetwork, VnetRange, VniAllocation
from apps.network.services.addressing import Span
from apps.network.services.guest_vlans import ensure_not_kept_for_others, spans_for
from apps.network.services.numbers import insert, take_number
from cloudstack.framework.errors import InsufficientAddressCapacity, InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish

HIGHEST_VNI = 2**24 - 1


def hold_vni(*, network: Network, requested: int | None = None) -> int:
    """Give ``network`` a VXLAN number of its physical network, or ``requested``; it keeps one that it has.

    Runs inside the caller's transaction and writes ``vni`` and ``broadcast_uri`` of the row.
    """
    physical = network.physical_network

    def create(number: int) -> VniAllocation:
        return VniAllocation.objects.create(
            zone_id=network.zone_id, physical_network=physical, vni=number, network=network
        )

    def already() -> VniAllocation | None:
        return VniAllocation.objects.filter(network=network).first()

    row = already()
    if row is None and requested is not None:
        ensure_not_kept_for_others(network, requested)
        row = insert(create, requested)
        if row is None:
            raise ResourceInUse(f"VXLAN number {requested} is in use in this zone; name another one", parameter="vlan")
    for spans in spans_for(network) if row is None else ():
        row = row or take_number(
            held=VniAllocation.objects.filter(zone_id=network.zone_id),
            field="vni",
            spans=spans,
            create=create,
            already=already,
        )
    if row is None:
        raise InsufficientAddressCapacity(
            f"physical network {physical} has no free VXLAN number; give it a wider range with updatePhysicalNetwork",
            uuids=((str(physical.uuid), "physical network"),),
        )
    if network.vni != row.vni:
        network.vni, network.broadcast_uri = row.vni, f"vxlan://{row.vni}"
        Network.all_objects.filter(pk=network.pk).update(vni=network.vni, broadcast_uri=network.broadcast_uri)
        publish(ZONE_VXLAN_ASSIGN, resource=network, description=f"network {network} was given VXLAN number {row.vni}")
    return row.vni


def release_vni(*, network: Network) -> bool:
    """Take the number back; False while a host may still carry the segment, which must not meet a new owner's."""
    if NetworkHost.objects.filter(network=network).exists():
        return False
    if VniAllocation.objects.filter(network=network).delete()[0]:
        publish(
            ZONE_VXLAN_RELEASE, resource=network, description=f"network {network} gave VXLAN number {network.vni} back"
        )
    network.vni, network.broadcast_uri = None, ""
    Network.all_objects.filter(pk=network.pk).update(vni=None, broadcast_uri="")
    return True


def parse_vlan(text: str) -> int:
    """``5001`` or ``vxlan://5001`` → 5001; refuses other kinds of segments."""
    number = text.strip().lower().removeprefix("vxlan://")
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= HIGHEST_VNI):
        raise InvalidParameter(
            f"vlan {text!r} is not a VXLAN number from 1 to {HIGHEST_VNI}, such as 5001 or vxlan://5001",
            parameter="vlan",
        )
    return int(number)


def check_vnet_ranges(physical_network: PhysicalNetwork | None, zone_id: int, spans: list[Span]) -> None:
    """Ranges of one zone never overlap: a host may carry several physical networks."""
    others = VnetRange.objects.filter(physical_network__zone_id=zone_id, physical_network__removed__isnull=True)
    if physical_network is not None:
        others = others.exclude(physical_network=physical_network)
    for span in spans:
        clash = others.filter(start__lte=span.last, end__gte=span.first).select_related("physical_network").first()
        if clash:
            raise InvalidParameter(
                f"range {span.first}-{span.last} overlaps {clash} of physical network {clash.physical_network}",
                parameter="vlan",
            )
