"""What placement knows of a request and of the candidates. Filters refuse with a reason, weighers prefer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class AffinityRule:
    """One affinity group of a machine as placement sees it."""

    group_uuid: str
    group_name: str
    type: str
    """Name of the :class:`AffinityType` that says what it means."""
    hosts: Mapping[str, int] = field(default_factory=dict)
    """UUIDs of the hosts that hold, or are about to hold, other machines of the group, and how many."""


@dataclass(frozen=True, kw_only=True)
class PlacementRequest:
    """What looks for a host. Sizes: MHz in all, MiB."""

    vm_uuid: str
    hypervisor: str
    zone_uuid: str
    cpus: int
    cpu_mhz: int
    """Speed of one virtual CPU."""
    memory_mib: int
    host_tags: tuple[str, ...] = ()
    pool_uuids: tuple[str, ...] = ()
    """Pools that already hold volumes of the machine: the host must see them all."""
    avoid_hosts: frozenset[str] = frozenset()
    host_uuid: str = ""
    """The one host asked for, if any."""
    cluster_uuid: str = ""
    pod_uuid: str = ""
    last_host_uuid: str = ""
    affinity: tuple[AffinityRule, ...] = ()
    """The machine's affinity groups."""
    guest_os_category: str = ""
    """Key of the category of its guest operating system, as in :attr:`HostCandidate.guest_os_category`."""
    account_uuid: str = ""
    """Who owns the machine."""
    domain_path: str = ""
    """Where the owner is in the tree of domains: ``/`` for ROOT, ``/sales/`` for a child."""


@dataclass(frozen=True, kw_only=True)
class HostCandidate:
    """A host as placement sees it; limits already carry the over-provisioning factor."""

    uuid: str
    name: str
    pod_uuid: str
    cluster_uuid: str
    hypervisor: str
    status: str
    resource_state: str
    cluster_enabled: bool
    cpus: int
    cpu_limit_mhz: int
    cpu_used_mhz: int
    memory_limit_mib: int
    memory_used_mib: int
    cpu_mhz: int = 0
    tags: frozenset[str] = frozenset()
    pool_uuids: frozenset[str] = frozenset()
    guests_left: int | None = None
    """How many more machines its hypervisor is allowed on one host; None: no limit."""
    guest_os_category: str = ""
    """Key of the category of guest operating systems that are to come here first; empty: all alike."""
    kept_for_domain: str = ""
    """Path of the domain that the host is kept for, itself or with its cluster, pod or zone; empty: for nobody."""
    kept_for_account: str = ""
    """UUID of the one account that it is kept for, if it is not for all of the domain and below."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a host was refused, in a sentence: ``host-3: 512 MiB free, 1024 needed``."""

    host_uuid: str
    host_name: str
    reason: str
    filter: str = ""
    """Name of the filter that refused; ``promise`` when another machine took the room meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Hosts that fit, best first, and why the others do not."""

    ranked: tuple[HostCandidate, ...]
    refusals: tuple[Refusal, ...] = field(default=())
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Of the best hosts, by UUID: points that each weigher gave, its weight included. Their sum is the rank."""
    preferred: str = ""
    """UUID of the host that a plugin put before the others."""
    narrowed: bool = False
    """Whether only the emptiest hosts of a large zone were looked at."""


class HostFilter(Protocol):
    name: str

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        """The reason against this host, without its name, or None when it fits."""


class HostWeigher(Protocol):
    name: str
    weight: float

    def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
        """Preference from 0 (worst) to 1 (best)."""


@runtime_checkable
class AffinityType(Protocol):
    """A kind of affinity group. A strict one refuses hosts, a soft one prefers some; one may do both."""

    name: str
    """On the wire, such as ``host anti-affinity``."""
    domain_wide: bool
    """Whether a domain may own such groups, for all accounts in it and below."""
    admins_only: bool
    """Whether only administrators make such groups."""

    def refuse(self, rule: AffinityRule, host: HostCandidate) -> str | None:
        """The reason why a machine with ``rule`` must not go to ``host``, without its name, or None.

        Asked again when the host is promised, while nobody else of the group can be promised one.
        """

    def weigh(self, rule: AffinityRule, host: HostCandidate) -> float:
        """Preference from 0 (worst) to 1 (best)."""
