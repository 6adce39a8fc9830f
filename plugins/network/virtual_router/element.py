"""Addresses and names: one dnsmasq per network, in a namespace of the host that carries the network's services."""

import ipaddress
from typing import ClassVar

from cloudstack.contracts.agent import EnsureDhcp, RemoveDhcp, RemoveDhcpHost, SetDhcpHost, bridge_name
from cloudstack.contracts.network import GuestNic, NetworkSpec, Service
from cloudstack.plugin.drivers import HostRef, InvalidSpec
from plugins.network.virtual_router.agents import ask


class VirtualRouter:
    """DHCP and DNS for isolated and shared networks.

    User data reaches guests on a config drive that the hypervisor makes; naming it among the services
    tells the core that machines in these networks may have some.
    """

    name = "VirtualRouter"
    services: ClassVar[frozenset[Service]] = frozenset({Service.DHCP, Service.DNS, Service.USER_DATA})

    def implement(self, network: NetworkSpec, service_host: HostRef) -> None:
        """Have the server run, with the network's present settings. Its entries stay."""
        if not network.dhcp_server:
            return
        if not network.cidr:
            raise InvalidSpec(f"network {network.name} has no addresses to give")
        ask(
            service_host,
            EnsureDhcp(
                network_uuid=network.uuid,
                bridge=network.bridge or bridge_name(network.vni),
                server_ip=network.dhcp_server,
                prefix=ipaddress.IPv4Network(network.cidr).prefixlen,
                gateway=network.gateway or None,
                dns=network.dns,
                domain=network.domain,
                mtu=network.mtu,
            ),
        )

    def shutdown(self, network: NetworkSpec, service_host: HostRef) -> None:
        ask(service_host, RemoveDhcp(network_uuid=network.uuid))

    def prepare_host(self, network: NetworkSpec, host: HostRef) -> str:
        """Guests reach the server over the segment; other hosts need nothing of it."""
        return ""

    def release_host(self, network: NetworkSpec, host: HostRef) -> None:
        """Nothing was made by ``prepare_host``."""

    def prepare_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        if network.dhcp_server and nic.ipv4:
            ask(
                service_host,
                SetDhcpHost(network_uuid=network.uuid, mac=nic.mac, ip=nic.ipv4, hostname=nic.hostname),
            )

    def release_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        if network.dhcp_server:
            ask(service_host, RemoveDhcpHost(network_uuid=network.uuid, mac=nic.mac))
