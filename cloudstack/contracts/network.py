"""Network elements: whoever gives a guest network its services."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from cloudstack.contracts.host import HostRef


class Service(enum.StrEnum):
    """What a network element can give, in CloudStack's words."""

    DHCP = "Dhcp"
    DNS = "Dns"
    USER_DATA = "UserData"
    SOURCE_NAT = "SourceNat"
    STATIC_NAT = "StaticNat"
    PORT_FORWARDING = "PortForwarding"
    LB = "Lb"
    FIREWALL = "Firewall"
    NETWORK_ACL = "NetworkACL"
    VPN = "Vpn"
    SECURITY_GROUP = "SecurityGroup"
    CONNECTIVITY = "Connectivity"


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A guest network as elements see it."""

    uuid: str
    name: str
    guest_type: str
    """``Shared``, ``Isolated`` or ``L2``."""
    vni: int
    cidr: str = ""
    gateway: str = ""
    dhcp_server: str = ""
    """Address kept for the DHCP and DNS server of the network."""
    dns: tuple[str, ...] = ()
    domain: str = ""
    mtu: int = 1450
    underlay: str = ""
    """Link of the host that carries the traffic (the traffic label of the physical network)."""
    bridge: str = ""
    """Bridge on the host that a verb is about; empty before ``prepare_host`` has made it."""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GuestNic:
    """One guest's card in a network."""

    mac: str
    ipv4: str
    hostname: str


@runtime_checkable
class NetworkElement(Protocol):
    """Gives services to networks. Made without arguments; every verb is idempotent.

    ``service_host`` is the host that the core chose to carry the network's services.
    """

    name: str
    services: frozenset[Service]

    def implement(self, network: NetworkSpec, service_host: HostRef) -> None:
        """Bring the network and its services up on the host that carries them."""

    def shutdown(self, network: NetworkSpec, service_host: HostRef) -> None: ...

    def prepare_host(self, network: NetworkSpec, host: HostRef) -> str:
        """Connect the network on a host that will run a guest of it.

        The element that connects the network answers the bridge's name, all others an empty text.
        """

    def release_host(self, network: NetworkSpec, host: HostRef) -> None:
        """Take the network off a host; refuses with ``DriverError`` while a guest there needs it."""

    def prepare_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        """Let the guest get its address and name."""

    def release_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None: ...
