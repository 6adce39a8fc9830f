"""The core's preferences among hosts that fit, each from 0 to 1."""

import random

from apps.infrastructure.config import ALLOCATION_ALGORITHM
from cloudstack.contracts.placement import HostCandidate, HostWeigher, PlacementRequest


class FreeMemory:
    """Spreads machines: the emptier the host, the better."""

    name = "free memory"
    weight = 1.0

    def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
        if not host.memory_limit_mib:
            return 0.0
        return 1.0 - host.memory_used_mib / host.memory_limit_mib


class LastHost:
    """A machine goes back to where it ran: its files may still be cached there."""

    name = "last host"
    weight = 2.0

    def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
        return 1.0 if host.uuid == request.last_host_uuid else 0.0


class Kept:
    """A host that is kept for the owner of the machine goes before those that all share."""

    name = "dedication"
    weight = 8.0

    def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
        return 1.0 if host.kept_for_domain else 0.0


class GuestOs:
    """Hosts that are meant for the machine's operating system go first, those meant for another one last."""

    name = "guest operating system"
    weight = 1.5

    def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
        if not host.guest_os_category:
            return 0.5
        return 1.0 if host.guest_os_category == request.guest_os_category else 0.0


class Jitter:
    """Keeps workers that place at the same moment from all choosing one host."""

    name = "jitter"
    weight = 0.1

    def weigh(self, request: PlacementRequest, host: HostCandidate) -> float:
        return random.random()  # noqa: S311 - no secret depends on it


def core_weighers() -> tuple[HostWeigher, ...]:
    """The weighers in force under ``vm.allocation.algorithm``."""
    if ALLOCATION_ALGORITHM.value() == "random":
        return (FreeMemory(), LastHost(), Kept(), GuestOs(), Jitter())
    return (FreeMemory(), LastHost(), Kept(), GuestOs())
