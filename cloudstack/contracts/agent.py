"""What the portal may ask the agent on a host: a fixed set of typed commands, each with its typed answer.

Every command is idempotent by the identifier it carries (a network's UUID, a card's MAC, a bridge's name). Commands
and answers travel as JSON; both sides check every field. Nothing here is secret, and nothing secret belongs here.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from cloudstack.contracts import checks, errors, wire
from cloudstack.contracts.errors import DriverError, InvalidSpec

TASK = "agent.call"
"""Name of the Celery task of the agent: ``agent.call(kind, payload)``."""
HEARTBEAT_TASK = "infrastructure.host_heartbeat"
"""Task that the agent sends to the queue ``jobs``: ``host_uuid``, ``facts`` (a dumped :class:`HostFactsAnswer`)."""
HEARTBEAT_S = 10
VXLAN_OVERHEAD = 50
"""Bytes that VXLAN adds to a guest's frame on an IPv4 underlay."""


def queue_name(host_uuid: str) -> str:
    """The queue that the agent of this host consumes."""
    return f"agent.{host_uuid}"


def bridge_name(vni: int) -> str:
    """The bridge by which guests of a VXLAN reach it: the same name on every host, so that machines can move."""
    return f"brvx-{vni}"


# ---------------------------------------------------------------------------------------------- answers


@dataclass(frozen=True, kw_only=True)
class AgentAnswer:
    """Base of what an agent answers."""

    def to_wire(self) -> dict[str, Any]:
        return {"ok": True, "answer": wire.dump(self)}


AnswerT = TypeVar("AnswerT", bound=AgentAnswer, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Done(AgentAnswer):
    """The host is as asked; ``changed`` says whether anything had to be done for it."""

    changed: bool


@dataclass(frozen=True, kw_only=True)
class HostFactsAnswer(AgentAnswer):
    """What the host has. ``cpu_mhz`` is one core's speed, ``load_1m`` the load average, ``uptime_s`` the agent's.

    Traffic is that of the host's own cards since it started.
    """

    hostname: str
    memory_total_mib: int
    memory_free_mib: int
    cpus: int
    cpu_mhz: int
    load_1m: float
    agent_version: str
    uptime_s: float
    cpu_used_percent: float | None = None
    """Share of all cores that was busy since the facts before these."""
    network_rx_bytes: int = 0
    network_tx_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class BridgeReady(AgentAnswer):
    bridge: str
    mtu: int
    changed: bool


@dataclass(frozen=True, kw_only=True)
class BridgeState:
    """A bridge of ours: ``taps`` are guests' cards, ``ports`` all links in it."""

    name: str
    vni: int | None
    mtu: int
    ports: tuple[str, ...]
    taps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DhcpHostState:
    mac: str
    ip: str
    hostname: str


@dataclass(frozen=True, kw_only=True)
class DhcpState:
    """A DHCP and DNS server. ``leases`` are MAC addresses that hold an address now."""

    network_uuid: str
    namespace: str
    bridge: str
    running: bool
    hosts: tuple[DhcpHostState, ...]
    leases: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NetworkStateAnswer(AgentAnswer):
    """Everything of ours in the host's network; ``taps`` includes those outside any bridge."""

    bridges: tuple[BridgeState, ...]
    dhcp: tuple[DhcpState, ...]
    taps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ImageReport(AgentAnswer):
    """What QEMU's check found; ``checkable`` is False for a format in which nothing can be wrong."""

    format: str
    checkable: bool = True
    errors: int = 0
    corruptions: int = 0
    leaks: int = 0
    corruptions_fixed: int = 0
    leaks_fixed: int = 0
    total_clusters: int = 0
    allocated_clusters: int = 0
    end_offset: int = 0


# ---------------------------------------------------------------------------------------------- commands


@dataclass(frozen=True, kw_only=True)
class AgentCommand:
    """Base of what an agent can be asked. Building one checks it: ``InvalidSpec`` names field and value."""

    kind: ClassVar[str]
    answer_type: ClassVar[type[AgentAnswer]] = Done

    def __post_init__(self) -> None:
        wire.check(self)
        self.check()

    def check(self) -> None:
        """Raise ``InvalidSpec`` for values of the right type that make no sense."""

    def to_wire(self) -> dict[str, Any]:
        return wire.dump(self)

    @classmethod
    def from_wire(cls, payload: object) -> "AgentCommand":
        return wire.load(cls, payload)


@dataclass(frozen=True, kw_only=True)
class HostFactsQuery(AgentCommand):
    """How much the host has and how busy it is."""

    kind = "host.facts"
    answer_type = HostFactsAnswer


@dataclass(frozen=True, kw_only=True)
class EnsureBridge(AgentCommand):
    """Have a bridge for guests' cards.

    With a ``vni`` it is joined to the same bridge of other hosts by VXLAN over the link ``underlay``. Without one,
    ``underlay`` itself becomes a port of it, and an empty ``underlay`` gives a bridge that ends at this host.
    ``mtu`` in bytes is the guests'.
    """

    kind = "bridge.ensure"
    answer_type = BridgeReady

    bridge: str
    vni: int | None = None
    underlay: str = ""
    mtu: int = 1500

    def check(self) -> None:
        checks.link("bridge", self.bridge)
        if self.underlay:
            checks.link("underlay", self.underlay)
        if self.vni is not None:
            checks.within("vni", self.vni, 1, 0xFFFFFF)
            if not self.underlay:
                raise InvalidSpec("underlay: a VXLAN needs a link to travel over")
        checks.within("mtu", self.mtu, 576, 9000)


@dataclass(frozen=True, kw_only=True)
class RemoveBridge(AgentCommand):
    """Take a bridge away. Refused while a guest's card or a DHCP server is in it; fine when there is none."""

    kind = "bridge.remove"

    bridge: str

    def check(self) -> None:
        checks.link("bridge", self.bridge)


@dataclass(frozen=True, kw_only=True)
class EnsureDhcp(AgentCommand):
    """Have a DHCP and DNS server for one network, in a namespace joined to ``bridge``.

    It gives addresses to the cards of :class:`SetDhcpHost` only, within ``range_start``..``range_end`` if these are
    given. ``dns`` are resolvers told to guests after ``server_ip`` itself, which knows the guests' names in ``domain``.
    """

    kind = "dhcp.ensure"

    network_uuid: str
    bridge: str
    server_ip: str
    prefix: int
    gateway: str | None = None
    dns: tuple[str, ...] = ()
    domain: str = ""
    range_start: str = ""
    range_end: str = ""
    lease_s: int = 86400
    mtu: int | None = None
    """Told to guests in bytes; None leaves them at their own."""

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Network((self.server_ip, self.prefix), strict=False)

    def check(self) -> None:
        checks.uuid("network_uuid", self.network_uuid)
        checks.link("bridge", self.bridge)
        checks.within("prefix", self.prefix, 8, 30)
        checks.ipv4("server_ip", self.server_ip)
        for name in ("server_ip", "gateway", "range_start", "range_end"):
            value = getattr(self, name)
            if value:
                self.member(name, value)
        if self.gateway == "":
            raise InvalidSpec("gateway: an address or null is wanted, not ''")
        if self.range_start and self.range_end and checks.ipv4("", self.range_start) > checks.ipv4("", self.range_end):
            raise InvalidSpec(f"range_end: {self.range_end} lies before range_start {self.range_start}")
        for server in self.dns:
            checks.ipv4("dns", server)
        if self.domain:
            checks.domain("domain", self.domain)
        checks.within("lease_s", self.lease_s, 120, 10 * 365 * 86400)
        if self.mtu is not None:
            checks.within("mtu", self.mtu, 576, 9000)

    def member(self, name: str, value: str) -> None:
        """Raise ``InvalidSpec`` when ``value`` is no usable address of the subnet."""
        address = checks.ipv4(name, value)
        if address not in self.subnet:
            raise InvalidSpec(f"{name}: {value} is not in {self.subnet}")
        if address in (self.subnet.network_address, self.subnet.broadcast_address):
            raise InvalidSpec(f"{name}: {value} is the network or broadcast address of {self.subnet}")


@dataclass(frozen=True, kw_only=True)
class RemoveDhcp(AgentCommand):
    """Take a network's DHCP server, its namespace, entries and leases away; fine when there is none."""

    kind = "dhcp.remove"

    network_uuid: str

    def check(self) -> None:
        checks.uuid("network_uuid", self.network_uuid)


@dataclass(frozen=True, kw_only=True)
class SetDhcpHost(AgentCommand):
    """Give the card ``mac`` the address ``ip`` and the name ``hostname``. ``NotFound`` without :class:`EnsureDhcp`."""

    kind = "dhcp.host.set"

    network_uuid: str
    mac: str
    ip: str
    hostname: str

    def check(self) -> None:
        checks.uuid("network_uuid", self.network_uuid)
        checks.mac("mac", self.mac)
        checks.ipv4("ip", self.ip)
        checks.hostname("hostname", self.hostname)


@dataclass(frozen=True, kw_only=True)
class RemoveDhcpHost(AgentCommand):
    """Forget a card's address and name and release its lease; fine when it is unknown."""

    kind = "dhcp.host.remove"

    network_uuid: str
    mac: str

    def check(self) -> None:
        checks.uuid("network_uuid", self.network_uuid)
        checks.mac("mac", self.mac)


@dataclass(frozen=True, kw_only=True)
class ListNetworkState(AgentCommand):
    """Everything that commands made in the host's network, to find leaks."""

    kind = "network.state"
    answer_type = NetworkStateAnswer


@dataclass(frozen=True, kw_only=True)
class CheckImage(AgentCommand):
    """Look for errors in a volume that nobody uses; ``repair`` is ``leaks``, ``all`` or nothing."""

    kind = "image.check"
    answer_type = ImageReport

    path: str
    format: str
    repair: str = ""
    timeout_s: int = 600

    def check(self) -> None:
        checks.volume_file("path", self.path)
        checks.one_of("format", self.format, ("qcow2", "raw"))
        checks.one_of("repair", self.repair, ("", "leaks", "all"))
        checks.within("timeout_s", self.timeout_s, 1, 7200)


COMMANDS: Mapping[str, type[AgentCommand]] = {
    command.kind: command
    for command in (
        HostFactsQuery,
        EnsureBridge,
        RemoveBridge,
        EnsureDhcp,
        RemoveDhcp,
        SetDhcpHost,
        RemoveDhcpHost,
        ListNetworkState,
        CheckImage,
    )
}


@runtime_checkable
class HostAgent(Protocol):
    """The portal's hand on one host."""

    def call(self, command: AgentCommand, *, timeout_s: float) -> AgentAnswer:
        """Have ``command`` done and wait for its answer (of ``command.answer_type``).

        Raises ``DriverTimeout`` when none came within ``timeout_s`` seconds, ``DriverUnavailable`` when the agent
        cannot be reached, and the agent's own ``DriverError`` with the words of the tool that failed.
        """


# ---------------------------------------------------------------------------------------------- on the wire


def command_from_wire(kind: object, payload: object) -> AgentCommand:
    """The command that a message holds; ``InvalidSpec`` when it holds none."""
    if not isinstance(kind, str) or kind not in COMMANDS:
        raise InvalidSpec(f"unknown command {wire.shown(kind)}; there are {', '.join(COMMANDS)}")
    return COMMANDS[kind].from_wire(payload)


def error_to_wire(error: DriverError) -> dict[str, Any]:
    """The answer of an agent that could not do it."""
    words = {"type": type(error).__name__, "message": str(error), "retryable": error.retryable}
    return {"ok": False, "error": words}


def answer_from_wire(command: AgentCommand, message: object) -> AgentAnswer:
    """The typed answer to ``command``, or the ``DriverError`` that the agent reported."""
    if not isinstance(message, Mapping) or not isinstance(message.get("ok"), bool):
        raise DriverError(f"the agent gave no answer to {command.kind} but {wire.shown(message)}")
    if message["ok"]:
        try:
            return wire.load(command.answer_type, message.get("answer"))
        except InvalidSpec as error:
            raise DriverError(
                f"the agent's answer to {command.kind} makes no sense (another version?): {error}"
            ) from None
    words = message.get("error")
    if not isinstance(words, Mapping):
        raise DriverError(f"the agent refused {command.kind} without a reason")
    kind = getattr(errors, str(words.get("type")), DriverError)
    if not (isinstance(kind, type) and issubclass(kind, DriverError)):
        kind = DriverError
    raise kind(str(words.get("message")), retryable=words.get("retryable") is True)
