"""Ranges of addresses of shared networks."""

import ipaddress

from django.db import transaction

from apps.network import events
from apps.network.models import IpAllocation, Network, VlanIpRange
from apps.network.services.addressing import Span, dotted
from apps.network.services.network_plan import parse_range
from apps.network.services.vnis import parse_vlan
from apps.network.states import GuestType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish


class VlanIpRangeManager:
    """Adds, changes and removes ranges."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        network: Network,
        start_ip: str,
        end_ip: str = "",
        gateway: str = "",
        netmask: str = "",
        vlan: str = "",
    ) -> VlanIpRange:
        """Give a shared network more addresses of its CIDR. Raises ``InvalidParameter`` for an overlap."""
        if network.guest_type != GuestType.SHARED:
            raise InvalidParameter(f"network {network} is not shared and has no ranges", parameter="networkid")
        if vlan and parse_vlan(vlan) != network.vni:
            raise InvalidParameter(f"network {network} has VXLAN number {network.vni}, not {vlan}", parameter="vlan")
        # One range at a time per network, so that the checks are the last word.
        Network.objects.select_for_update(of=("self",)).get(pk=network.pk)
        span = self._span(network, start_ip, end_ip, gateway, netmask)
        row = VlanIpRange.objects.create(
            network=network,
            physical_network_id=network.physical_network_id,
            start_ip=dotted(span.first),
            end_ip=dotted(span.last),
            start_number=span.first,
            end_number=span.last,
            gateway=network.gateway,
            netmask=network.netmask,
            vlan=network.broadcast_uri,
        )
        publish(
            events.VLAN_IP_RANGE_CREATE, caller=caller, resource=row, description=f"range {row} of network {network}"
        )
        return row

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        ip_range: VlanIpRange,
        start_ip: str = "",
        end_ip: str = "",
        gateway: str = "",
        netmask: str = "",
    ) -> VlanIpRange:
        """Other ends for a range of a shared network; addresses in use must stay inside."""
        network = Network.objects.select_for_update(of=("self",)).get(pk=ip_range.network_id)
        span = self._span(
            network, start_ip or ip_range.start_ip, end_ip or ip_range.end_ip, gateway, netmask, besides=ip_range
        )
        held = IpAllocation.objects.filter(
            network=network, number__gte=ip_range.start_number, number__lte=ip_range.end_number
        ).exclude(number__gte=span.first, number__lte=span.last)
        outside = held.order_by("number").first()
        if outside is not None:
            raise ResourceInUse(f"{outside} of range {ip_range} is in use; the new ends leave it out")
        VlanIpRange.objects.filter(pk=ip_range.pk).update(
            start_ip=dotted(span.first),
            end_ip=dotted(span.last),
            start_number=span.first,
            end_number=span.last,
        )
        publish(
            events.VLAN_IP_RANGE_UPDATE,
            caller=caller,
            resource=ip_range,
            description=f"range {ip_range} of network {network} changed to {dotted(span.first)}-{dotted(span.last)}",
        )
        return ip_range

    def _span(
        self,
        network: Network,
        start_ip: str,
        end_ip: str,
        gateway: str,
        netmask: str,
        besides: VlanIpRange | None = None,
    ) -> Span:
        """The checked range, of which no other one of ``network`` has an address."""
        for name, given, present in (("gateway", gateway, network.gateway), ("netmask", netmask, network.netmask)):
            if given and given != present:
                raise InvalidParameter(
                    f"network {network} has {name} {present}; further subnets in one network are not available",
                    parameter=name,
                )
        span = parse_range(
            ipaddress.IPv4Network(network.cidr), ipaddress.IPv4Address(network.gateway), start_ip, end_ip
        )
        others = VlanIpRange.objects.filter(network=network, start_number__lte=span.last, end_number__gte=span.first)
        clash = (others if besides is None else others.exclude(pk=besides.pk)).first()
        if clash:
            raise InvalidParameter(f"the range overlaps {clash} of network {network}", parameter="startip")
        return span

    @transaction.atomic
    def delete(self, *, caller: Caller, ip_range: VlanIpRange) -> None:
        """Raises ``ResourceInUse`` while somebody holds an address of it."""
        network = Network.objects.select_for_update(of=("self",)).get(pk=ip_range.network_id)
        held = IpAllocation.objects.filter(
            network=network, number__gte=ip_range.start_number, number__lte=ip_range.end_number
        ).order_by("number")
        first = held.first()
        if first is not None:
            raise ResourceInUse(f"{held.count()} addresses of range {ip_range} are in use, {first} among them")
        ip_range.mark_removed()
        publish(
            events.VLAN_IP_RANGE_DELETE,
            caller=caller,
            resource=ip_range,
            description=f"range {ip_range} of network {network} removed",
        )
