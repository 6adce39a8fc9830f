"""Ranges of addresses of shared networks."""

import ipaddress

from django.db import transaction

from apps.network import events
from apps.network.models import IpAllocation, Network, VlanIpRange
from apps.network.services.addressing import dotted
from apps.network.services.network_plan import parse_range
from apps.network.states import GuestType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish


class VlanIpRangeManager:
    """Adds and removes ranges."""

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
    ) -> VlanIpRange:
        """Give a shared network more addresses of its CIDR. Raises ``InvalidParameter`` for an overlap."""
        if network.guest_type != GuestType.SHARED:
            raise InvalidParameter(f"network {network} is not shared and has no ranges", parameter="networkid")
        for name, given, present in (("gateway", gateway, network.gateway), ("netmask", netmask, network.netmask)):
            if given and given != present:
                raise InvalidParameter(
                    f"network {network} has {name} {present}; further subnets in one network are not available",
                    parameter=name,
                )
        span = parse_range(
            ipaddress.IPv4Network(network.cidr), ipaddress.IPv4Address(network.gateway), start_ip, end_ip
        )
        # One range at a time per network, so that the check below is the last word.
        Network.objects.select_for_update(of=("self",)).get(pk=network.pk)
        clash = VlanIpRange.objects.filter(
            network=network, start_number__lte=span.last, end_number__gte=span.first
        ).first()
        if clash:
            raise InvalidParameter(f"the range overlaps {clash} of network {network}", parameter="startip")
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
