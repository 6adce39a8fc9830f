"""A machine on a simulated host."""

from django.db import models
from django.utils import timezone

from cloudstack.contracts.hypervisor import PowerState

POWER = [(state.value, state.value) for state in PowerState if state is not PowerState.ABSENT]
ALIVE = (PowerState.ON.value, PowerState.PAUSED.value)


class SimulatedVm(models.Model):
    """One definition on one host. The database itself keeps a machine from running on two hosts at once."""

    vm_uuid = models.UUIDField()
    host_uuid = models.UUIDField(db_index=True)
    name = models.CharField(max_length=255)
    power = models.CharField(max_length=8, choices=POWER)
    cpus = models.PositiveIntegerField()
    memory_mib = models.PositiveBigIntegerField()
    disks = models.JSONField(default=dict)
    """UUID of each disk to what is known of it."""
    nics = models.JSONField(default=dict)
    """UUID of each network card to what is known of it."""
    snapshots = models.JSONField(default=list)
    """What was kept of it, oldest first; the facts of each as the driver writes them."""
    boots = models.PositiveIntegerField(default=1)
    """How often the guest booted since it was defined here."""
    since = models.DateTimeField(default=timezone.now)
    """When the machine was defined here."""
    managed = models.BooleanField(default=True)
    """False for a machine that somebody else made."""

    class Meta:
        verbose_name = "simulated machine"
        constraints = [
            models.UniqueConstraint(fields=["vm_uuid", "host_uuid"], name="simulated_vm_once_a_host"),
            models.UniqueConstraint(
                fields=["vm_uuid"], condition=models.Q(power__in=ALIVE), name="simulated_vm_runs_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.power})"
