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


class RuleKind(enum.StrEnum):
    """What a rule does, and thereby which service it is of."""

    FIREWALL = "Firewall"
    """Lets packets from ``sources`` reach a public address."""
    EGRESS = "Egress"
    """Names packets from ``sources`` in the network to ``destinations`` outside: exceptions from the default policy."""
    PORT_FORWARDING = "PortForwarding"
    """Sends what arrives at ports of a public address to ports of a guest."""
    STATIC_NAT = "StaticNat"
    """Lets a public address stand for a guest, both ways."""
    STATIC_NAT_PORTS = "StaticNatPorts"
    """Lets packets to ports of such an address through."""


SERVICE_OF_RULE: Mapping[RuleKind, Service] = {
    RuleKind.FIREWALL: Service.FIREWALL,
    RuleKind.EGRESS: Service.FIREWALL,
    RuleKind.PORT_FORWARDING: Service.PORT_FORWARDING,
    RuleKind.STATIC_NAT: Service.STATIC_NAT,
    RuleKind.STATIC_NAT_PORTS: Service.STATIC_NAT,
}


@dataclass(frozen=True, kw_only=True)
class RuleSpec:
    """One rule of a network. Ports are 0 where the rule is about all of them, or about none."""

    uuid: str
    kind: RuleKind
    protocol: str
    """``tcp``, ``udp``, ``icmp``, ``all``, or the number of a protocol."""
    public_ip: str = ""
    start_port: int = 0
    end_port: int = 0
    private_ip: str = ""
    private_start_port: int = 0
    private_end_port: int = 0
    icmp_type: int = -1
    """-1 for any."""
    icmp_code: int = -1
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()


@runtime_checkable
class SupportsRules(Protocol):
    """What an element has that gives Firewall, PortForwarding or StaticNat."""

    def apply_rules(self, network: "NetworkSpec", rules: tuple[RuleSpec, ...], service_host: HostRef) -> None:
        """Have exactly ``rules`` hold, of all kinds whose services the element gives in ``network``."""


@runtime_checkable
class NetworkElement(Protocol):
    """Gives services to networks. Made without arguments; every verb is idempotent.

    ``service_host`` is the host that the core chose to carry the network's services. An element whose services need
    none – they stand in the machine itself, or in a controller outside – says so with ``hostless = True``.
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


def is_hostless(element: NetworkElement) -> bool:
    """Whether nothing runs on a host for its services.

    For a network that has only such ones no host is chosen, and ``prepare_host`` and ``release_host`` are all it hears.
    """
    return bool(getattr(element, "hostless", False))
