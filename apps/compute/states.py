"""States of a virtual machine and their transitions: data only."""

from django.db.models import TextChoices


class VmState(TextChoices):
    STOPPED = "Stopped", "Stopped"
    STARTING = "Starting", "Starting"
    RUNNING = "Running", "Running"
    STOPPING = "Stopping", "Stopping"
    MIGRATING = "Migrating", "Migrating"
    DESTROYED = "Destroyed", "Destroyed"
    EXPUNGING = "Expunging", "Expunging"
    ERROR = "Error", "Error"


S = VmState
VM_TRANSITIONS = {
    (S.STOPPED, "start_requested"): S.STARTING,
    (S.STARTING, "start_requested"): S.STARTING,
    (S.STARTING, "succeeded"): S.RUNNING,
    (S.STARTING, "failed"): S.STOPPED,
    (S.STOPPED, "create_failed"): S.ERROR,
    (S.RUNNING, "stop_requested"): S.STOPPING,
    (S.STOPPING, "stop_requested"): S.STOPPING,
    (S.STOPPING, "succeeded"): S.STOPPED,
    (S.STOPPING, "failed"): S.RUNNING,
    (S.RUNNING, "migrate_requested"): S.MIGRATING,
    (S.MIGRATING, "migrate_requested"): S.MIGRATING,
    (S.MIGRATING, "succeeded"): S.RUNNING,
    (S.MIGRATING, "failed"): S.RUNNING,
    (S.RUNNING, "power_off_reported"): S.STOPPED,
    (S.STOPPED, "power_on_reported"): S.RUNNING,
    (S.RUNNING, "move_reported"): S.RUNNING,
    (S.RUNNING, "given_back"): S.EXPUNGING,
    (S.STOPPED, "destroy_requested"): S.DESTROYED,
    (S.ERROR, "destroy_requested"): S.DESTROYED,
    (S.DESTROYED, "recover_requested"): S.STOPPED,
    (S.DESTROYED, "expunge_requested"): S.EXPUNGING,
    (S.EXPUNGING, "expunge_requested"): S.EXPUNGING,
    (S.EXPUNGING, "failed"): S.DESTROYED,
}
VM_TRANSITIONAL = (S.STARTING, S.STOPPING, S.MIGRATING, S.EXPUNGING)
"""States that a live job must own."""

VM_HOLDS_HOST = (S.STARTING, S.RUNNING, S.STOPPING, S.MIGRATING)
"""States in which a machine takes room on a host."""

VM_UNCOUNTED = (S.ERROR, S.DESTROYED, S.EXPUNGING)
"""States in which a machine counts against no limit."""


class OfferingState(TextChoices):
    ACTIVE = "Active", "Active"
    INACTIVE = "Inactive", "Inactive"


class UserDataPolicy(TextChoices):
    """What becomes of a user's own data on a machine whose template brings some along."""

    ALLOW_OVERRIDE = "ALLOWOVERRIDE", "the user's replaces the template's"
    APPEND = "APPEND", "the user's is added to the template's"
    DENY_OVERRIDE = "DENYOVERRIDE", "only the template's is allowed"


class PlacementPurpose(TextChoices):
    """What a host was looked for."""

    DEPLOY = "deploy", "a new machine"
    START = "start", "a start"
    MIGRATE = "migrate", "a move"
    EVACUATE = "evacuate", "emptying its host"
    EVEN_OUT = "drs", "evening out its cluster"
    HA = "ha", "a restart after its host died"
    RESTORE = "restore", "a restart with a new root disk"


class DrsPlanType(TextChoices):
    """Who asked for a plan."""

    MANUAL = "MANUAL", "By an operator"
    AUTOMATED = "AUTOMATED", "By the platform"


class DrsPlanState(TextChoices):
    UNDER_REVIEW = "UNDER_REVIEW", "To be looked at"
    READY = "READY", "About to begin"
    IN_PROGRESS = "IN_PROGRESS", "In progress"
    COMPLETED = "COMPLETED", "Completed"


D = DrsPlanState
DRS_PLAN_TRANSITIONS = {
    (D.READY, "begin"): D.IN_PROGRESS,
    (D.READY, "end"): D.COMPLETED,
    (D.IN_PROGRESS, "end"): D.COMPLETED,
}
DRS_PLAN_TRANSITIONAL = (D.READY, D.IN_PROGRESS)


class ScheduledAction(TextChoices):
    """What a schedule does with its machine."""

    START = "START", "start"
    STOP = "STOP", "stop"
    REBOOT = "REBOOT", "reboot"
    FORCE_STOP = "FORCE_STOP", "cut the power"
    FORCE_REBOOT = "FORCE_REBOOT", "reset"


class LeaseAction(TextChoices):
    """What becomes of a machine when its lease is over."""

    STOP = "STOP", "stop"
    DESTROY = "DESTROY", "destroy"
