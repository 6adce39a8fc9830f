"""How callers reach the entities of this app."""

from apps.metadata.kinds import HUNG, register_kind
from apps.network.models import (
    GuestVlanRange,
    Network,
    NetworkOffering,
    NetworkRule,
    NetworkServiceProvider,
    PhysicalNetwork,
    PhysicalNetworkTrafficType,
    PublicIpAddress,
    VlanIpRange,
)
from apps.network.selectors import (
    guest_vlan_ranges_visible_to,
    ip_ranges_visible_to,
    networks_visible_to,
    offerings_visible_to,
    physical_networks_visible_to,
    providers_visible_to,
    public_ips_visible_to,
    rules_visible_to,
    traffic_types_visible_to,
)
from cloudstack.api import register_entity
from cloudstack.contracts.network import RuleKind

register_entity(Network, scope=networks_visible_to)
register_entity(NetworkOffering, scope=offerings_visible_to)
register_entity(PhysicalNetwork, scope=physical_networks_visible_to)
register_entity(PhysicalNetworkTrafficType, scope=traffic_types_visible_to)
register_entity(NetworkServiceProvider, scope=providers_visible_to)
register_entity(VlanIpRange, scope=ip_ranges_visible_to)
register_entity(PublicIpAddress, scope=public_ips_visible_to, noun="ip address")
register_entity(GuestVlanRange, scope=guest_vlan_ranges_visible_to)
register_entity(NetworkRule, scope=rules_visible_to)

register_kind(Network, "Network", tags=True, icon=True, note="NETWORK", users_note=True, details=HUNG)
_ADDRESS = {"tags": True, "note": "PUBLIC_IP_ADDRESS", "users_note": True, "details": HUNG}
register_kind(PublicIpAddress, "PublicIpAddress", title="address", **_ADDRESS)
register_kind(NetworkOffering, "NetworkOffering", note="NETWORK_OFFERING", details=HUNG)
_FORWARDING = (RuleKind.PORT_FORWARDING, RuleKind.STATIC_NAT, RuleKind.STATIC_NAT_PORTS)
_RULE = {"tags": True, "details": HUNG, "title": "protocol"}
register_kind(NetworkRule, "FirewallRule", holds=lambda rule: rule.kind not in _FORWARDING, **_RULE)
register_kind(NetworkRule, "PortForwardingRule", holds=lambda rule: rule.kind in _FORWARDING, **_RULE)
