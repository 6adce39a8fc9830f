"""Zone, pod, cluster, host, and how much of a host is promised to machines."""

from apps.infrastructure.models.capacity import CapacityReservation, HostCapacity
from apps.infrastructure.models.cluster import Cluster
from apps.infrastructure.models.dedication import Dedication
from apps.infrastructure.models.history import CapacityHistory, HostHistory
from apps.infrastructure.models.host import Host
from apps.infrastructure.models.hypervisor import HypervisorCapabilities
from apps.infrastructure.models.pod import Pod
from apps.infrastructure.models.zone import Zone

__all__ = [
    "CapacityHistory",
    "CapacityReservation",
    "Cluster",
    "Dedication",
    "Host",
    "HostCapacity",
    "HostHistory",
    "HypervisorCapabilities",
    "Pod",
    "Zone",
]
