"""Placement in tests: a machine and hosts made up, judged by all that judges in the portal, plugins' parts included."""

from typing import Any

from apps.infrastructure.services.placement import NoHostFits, place
from cloudstack.contracts.placement import HostCandidate, PlacementRequest

MACHINE: dict[str, Any] = {
    "vm_uuid": "0a000000-0000-4000-8000-000000000001",
    "hypervisor": "KVM",
    "zone_uuid": "0c000000-0000-4000-8000-000000000001",
    "cpus": 1,
    "cpu_mhz": 500,
    "memory_mib": 512,
}
HOST: dict[str, Any] = {
    "pod_uuid": "0d000000-0000-4000-8000-000000000001",
    "cluster_uuid": "0e000000-0000-4000-8000-000000000001",
    "hypervisor": "KVM",
    "status": "Up",
    "resource_state": "Enabled",
    "cluster_enabled": True,
    "cpus": 8,
    "cpu_mhz": 2000,
    "cpu_limit_mhz": 16_000,
    "cpu_used_mhz": 0,
    "memory_limit_mib": 16_384,
    "memory_used_mib": 0,
}


def machine(**wanted: Any) -> PlacementRequest:
    """A small machine that looks for a host; ``wanted`` are fields of ``PlacementRequest``."""
    return PlacementRequest(**MACHINE | wanted)


def host(name: str, **facts: Any) -> HostCandidate:
    """An empty host that works; its UUID is its name. ``facts`` are fields of ``HostCandidate``."""
    return HostCandidate(**{"uuid": name, "name": name, **HOST, **facts})


def ranked(request: PlacementRequest, *hosts: HostCandidate) -> list[str]:
    """Names of the hosts that fit, best first; none when none does. Needs the database, for settings."""
    try:
        return [one.name for one in place(request, hosts).ranked]
    except NoHostFits:
        return []


def refusals(request: PlacementRequest, *hosts: HostCandidate) -> dict[str, str]:
    """Name of each host that does not fit → the reason."""
    try:
        found = place(request, hosts).refusals
    except NoHostFits as nowhere:
        found = nowhere.refusals
    return {one.host_name: one.reason for one in found}
