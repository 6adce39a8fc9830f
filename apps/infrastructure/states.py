"""States of the infrastructure: choices and transition tables, pure data."""

from django.db import models


class AllocationState(models.TextChoices):
    """Whether new machines may be placed in a zone, pod or cluster."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class ManagedState(models.TextChoices):
    """Whether the platform talks to the hosts of a cluster at all."""

    MANAGED = "Managed"
    UNMANAGED = "Unmanaged"


class NetworkType(models.TextChoices):
    """Kind of networking in a zone; only ``Advanced`` is built."""

    ADVANCED = "Advanced"


class HostStatus(models.TextChoices):
    """How the connection to a host stands."""

    CONNECTING = "Connecting"
    UP = "Up"
    DISCONNECTED = "Disconnected"
    DOWN = "Down"
    ALERT = "Alert"
    ERROR = "Error"
    REMOVED = "Removed"


class ResourceState(models.TextChoices):
    """What the operator wants of a host."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PREPARE_FOR_MAINTENANCE = "PrepareForMaintenance"
    ERROR_IN_PREPARE_FOR_MAINTENANCE = "ErrorInPrepareForMaintenance"
    ERROR_IN_MAINTENANCE = "ErrorInMaintenance"
    MAINTENANCE = "Maintenance"
    DEGRADED = "Degraded"


_S, _R = HostStatus, ResourceState

HOST_STATUS_TRANSITIONS = {
    (_S.CONNECTING, "connect_requested"): _S.CONNECTING,
    (_S.CONNECTING, "ready"): _S.UP,
    (_S.CONNECTING, "ping"): _S.CONNECTING,
    (_S.CONNECTING, "connect_failed"): _S.ALERT,
    (_S.CONNECTING, "ping_timeout"): _S.ALERT,
    (_S.CONNECTING, "disconnected"): _S.DISCONNECTED,
    (_S.CONNECTING, "host_down"): _S.DOWN,
    (_S.CONNECTING, "remove"): _S.REMOVED,
    (_S.UP, "connect_requested"): _S.CONNECTING,
    (_S.UP, "ping"): _S.UP,
    (_S.UP, "ping_timeout"): _S.ALERT,
    (_S.UP, "disconnected"): _S.DISCONNECTED,
    (_S.UP, "host_down"): _S.DOWN,
    (_S.UP, "remove"): _S.REMOVED,
    (_S.DISCONNECTED, "connect_requested"): _S.CONNECTING,
    (_S.DISCONNECTED, "ping"): _S.UP,
    (_S.DISCONNECTED, "disconnected"): _S.DISCONNECTED,
    (_S.DISCONNECTED, "ping_timeout"): _S.ALERT,
    (_S.DISCONNECTED, "host_down"): _S.DOWN,
    (_S.DISCONNECTED, "remove"): _S.REMOVED,
    (_S.ALERT, "connect_requested"): _S.CONNECTING,
    (_S.ALERT, "ping"): _S.UP,
    (_S.ALERT, "ping_timeout"): _S.ALERT,
    (_S.ALERT, "disconnected"): _S.DISCONNECTED,
    (_S.ALERT, "host_down"): _S.DOWN,
    (_S.ALERT, "remove"): _S.REMOVED,
    (_S.DOWN, "connect_requested"): _S.CONNECTING,
    (_S.DOWN, "ping"): _S.UP,
    (_S.DOWN, "ping_timeout"): _S.DOWN,
    (_S.DOWN, "disconnected"): _S.DISCONNECTED,
    (_S.DOWN, "host_down"): _S.DOWN,
    (_S.DOWN, "remove"): _S.REMOVED,
    (_S.ERROR, "connect_requested"): _S.CONNECTING,
    (_S.ERROR, "remove"): _S.REMOVED,
}

RESOURCE_STATE_TRANSITIONS = {
    (_R.ENABLED, "enable"): _R.ENABLED,
    (_R.ENABLED, "disable"): _R.DISABLED,
    (_R.ENABLED, "maintenance_requested"): _R.PREPARE_FOR_MAINTENANCE,
    (_R.DISABLED, "enable"): _R.ENABLED,
    (_R.DISABLED, "disable"): _R.DISABLED,
    (_R.PREPARE_FOR_MAINTENANCE, "maintenance_entered"): _R.MAINTENANCE,
    (_R.PREPARE_FOR_MAINTENANCE, "maintenance_cancelled"): _R.ENABLED,
    (_R.PREPARE_FOR_MAINTENANCE, "unable_to_migrate"): _R.ERROR_IN_PREPARE_FOR_MAINTENANCE,
    (_R.PREPARE_FOR_MAINTENANCE, "unable_to_maintain"): _R.ERROR_IN_MAINTENANCE,
    (_R.MAINTENANCE, "maintenance_cancelled"): _R.ENABLED,
    (_R.MAINTENANCE, "disable"): _R.DISABLED,
    (_R.ERROR_IN_PREPARE_FOR_MAINTENANCE, "maintenance_requested"): _R.PREPARE_FOR_MAINTENANCE,
    (_R.ERROR_IN_PREPARE_FOR_MAINTENANCE, "maintenance_cancelled"): _R.ENABLED,
    (_R.ERROR_IN_PREPARE_FOR_MAINTENANCE, "disable"): _R.DISABLED,
    (_R.ERROR_IN_MAINTENANCE, "maintenance_requested"): _R.PREPARE_FOR_MAINTENANCE,
    (_R.ERROR_IN_MAINTENANCE, "maintenance_cancelled"): _R.ENABLED,
    (_R.ERROR_IN_MAINTENANCE, "disable"): _R.DISABLED,
    (_R.ENABLED, "declare_degraded"): _R.DEGRADED,
    (_R.DISABLED, "declare_degraded"): _R.DEGRADED,
    (_R.MAINTENANCE, "declare_degraded"): _R.DEGRADED,
    (_R.DEGRADED, "cancel_degraded"): _R.ENABLED,
}

HOST_STATUS_TRANSITIONAL = frozenset({HostStatus.CONNECTING})
RESOURCE_STATE_TRANSITIONAL = frozenset({ResourceState.PREPARE_FOR_MAINTENANCE})
