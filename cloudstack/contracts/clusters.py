"""Hypervisors whose hosts are found through a manager of their own: one address is a cluster of hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class ClusterRef:
    """A cluster as drivers see it. ``secrets`` never shows in ``repr``."""

    uuid: str
    name: str
    hypervisor: str
    url: str
    """Address of the cluster in its manager, such as ``https://vcenter.example.org/datacenter/cluster``."""
    zone_uuid: str = ""
    pod_uuid: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class FoundHost:
    """A host that the manager named. ``url`` is what a ``HostRef`` needs to reach it with the cluster's secrets."""

    name: str
    url: str
    connected: bool = True
    """Whether the manager itself reaches it at the moment."""


@runtime_checkable
class HostDiscovery(Protocol):
    """Made as ``Discovery(cluster_ref)``."""

    cluster: ClusterRef

    def find_hosts(self) -> Sequence[FoundHost]:
        """All hosts of the cluster. ``InvalidSpec`` for an address that names none, ``DriverUnavailable`` without
        an answer."""
