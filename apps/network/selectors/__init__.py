"""Reads of the network app."""

from apps.network.selectors.networks import (
    network_for_job,
    networks_for_job,
    networks_of_owner_or_shared,
    networks_visible_to,
)
from apps.network.selectors.offerings import offerings_visible_to
from apps.network.selectors.physical_networks import (
    guest_vlan_ranges_visible_to,
    ip_ranges_visible_to,
    physical_network_for_job,
    physical_networks_visible_to,
    providers_visible_to,
    traffic_types_visible_to,
)
from apps.network.selectors.public_addresses import (
    free_public_ips,
    held_public_ips,
    open_public_ranges,
    public_ip_for_job,
    public_ips_visible_to,
)
from apps.network.selectors.rules import rules_visible_to

__all__ = [
    "free_public_ips",
    "guest_vlan_ranges_visible_to",
    "held_public_ips",
    "ip_ranges_visible_to",
    "network_for_job",
    "networks_for_job",
    "networks_of_owner_or_shared",
    "networks_visible_to",
    "offerings_visible_to",
    "open_public_ranges",
    "physical_network_for_job",
    "physical_networks_visible_to",
    "public_ip_for_job",
    "public_ips_visible_to",
    "providers_visible_to",
    "rules_visible_to",
    "traffic_types_visible_to",
]
