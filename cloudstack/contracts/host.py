"""How the core names a host to a driver, and what a driver tells about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class HostRef:
    """One hypervisor host, as drivers see it. ``secrets`` never shows in ``repr``."""

    uuid: str
    name: str
    hypervisor: str
    url: str
    """Connection address in the words of the hypervisor, such as ``qemu+ssh://root@host/system``."""
    address: str = ""
    """IP address in the network of the hosts, where it is known."""
    zone_uuid: str = ""
    pod_uuid: str = ""
    cluster_uuid: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    """Options of the operator, such as ``migration_uri`` or ``domain_type`` (``qemu``, ``kvm``, ``auto``)."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class HostFacts:
    """What a host has. ``memory_mib`` is all of its memory, ``cpu_mhz`` the speed of one core."""

    cpus: int
    cpu_mhz: int
    memory_mib: int
    hypervisor_version: str = ""
    architecture: str = "x86_64"
    hostname: str = ""
    capabilities: tuple[str, ...] = ()
    cpu_sockets: int = 0
    """Processor packages; 0 when the host does not tell."""


@dataclass(frozen=True, kw_only=True)
class HostLoad:
    """How busy a host is now. ``cpu_used_percent`` is of all its cores, traffic counts since the host started.

    What a host does not tell is None.
    """

    cpu_used_percent: float | None = None
    memory_used_mib: int | None = None
    load_average: float | None = None
    """Processes that run or wait to, averaged over a minute."""
    network_rx_bytes: int | None = None
    network_tx_bytes: int | None = None
