"""Entities of the network app."""

from apps.network.models.allocation import IpAllocation, MacAllocation, VlanIpRange, VniAllocation
from apps.network.models.guest_vlan import GuestVlanRange
from apps.network.models.network import Network, NetworkHost
from apps.network.models.offering import NetworkOffering, NetworkOfferingService
from apps.network.models.physical_network import (
    NetworkServiceProvider,
    PhysicalNetwork,
    PhysicalNetworkTrafficType,
    VnetRange,
)
from apps.network.models.public_ip import PublicIpAddress
from apps.network.models.rule import NetworkRule

__all__ = [
    "GuestVlanRange",
    "IpAllocation",
    "MacAllocation",
    "Network",
    "NetworkHost",
    "NetworkOffering",
    "NetworkOfferingService",
    "NetworkRule",
    "NetworkServiceProvider",
    "PhysicalNetwork",
    "PhysicalNetworkTrafficType",
    "PublicIpAddress",
    "VlanIpRange",
    "VnetRange",
    "VniAllocation",
]
