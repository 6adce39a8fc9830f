"""How much of a host may be promised: its totals times the over-provisioning of its cluster."""

from dataclasses import dataclass
from typing import Any

from apps.infrastructure.config import CPU_OVERPROVISIONING, MEMORY_OVERPROVISIONING


@dataclass(frozen=True)
class Factors:
    """How often CPU and memory of a cluster's hosts may be promised."""

    cpu: float
    memory: float


def factors(cluster_uuid: Any) -> Factors:
    """The over-provisioning of a cluster."""
    return Factors(CPU_OVERPROVISIONING.value(cluster_uuid), MEMORY_OVERPROVISIONING.value(cluster_uuid))


def cpu_limit_mhz(total_mhz: int, factor: float) -> int:
    return int(total_mhz * factor)


def memory_limit_mib(total_mib: int, reserved_mib: int, factor: float) -> int:
    """The hypervisor's own share is never promised, however high the factor."""
    return int(max(total_mib - reserved_mib, 0) * factor)
