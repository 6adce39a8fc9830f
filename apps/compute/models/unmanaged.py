"""Machines that somebody else made on hosts of the cloud, as they were seen last."""

from typing import Any

from django.db import models
from django.utils import timezone

from cloudstack.contracts.hypervisor import PowerState
from cloudstack.contracts.unmanaged import UnmanagedDisk, UnmanagedMachine, UnmanagedNic
from cloudstack.framework.models import PublicModel

POWER = [(state.value, state.value) for state in PowerState if state is not PowerState.ABSENT]


class UnmanagedVm(PublicModel):
    """One such machine on one host. Rows come and go with what hosts tell; nothing else depends on them.

    ``machine_uuid`` and ``name`` are the hypervisor's; ``disks``, ``nics`` and ``details`` are those of
    :class:`cloudstack.contracts.unmanaged.UnmanagedMachine`.
    """

    host = models.ForeignKey("infrastructure.Host", on_delete=models.CASCADE, related_name="unmanaged_vms")
    machine_uuid = models.UUIDField()
    name = models.CharField(max_length=255)
    power = models.CharField(max_length=8, choices=POWER)
    cpus = models.PositiveIntegerField()
    cpu_mhz = models.PositiveIntegerField(default=0)
    """The most that one CPU may take; 0 is no limit."""
    memory_mib = models.PositiveBigIntegerField()
    operating_system = models.CharField(max_length=255, blank=True, default="")
    disks = models.JSONField(default=list, blank=True)
    nics = models.JSONField(default=list, blank=True)
    details = models.JSONField(default=dict, blank=True)
    seen = models.DateTimeField(default=timezone.now)
    """When its host told of it last."""

    class Meta:
        verbose_name = "unmanaged machine"
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["host", "machine_uuid"], name="unmanaged_once_a_host")]
        indexes = [
            models.Index(fields=["name", "id"], name="unmanaged_name"),
            models.Index(fields=["machine_uuid"], name="unmanaged_machine"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def machine(self) -> UnmanagedMachine:
        """As its host told it."""
        return UnmanagedMachine(
            uuid=str(self.machine_uuid),
            name=self.name,
            power=PowerState(self.power),
            cpus=self.cpus,
            cpu_mhz=self.cpu_mhz,
            memory_mib=self.memory_mib,
            operating_system=self.operating_system,
            disks=tuple(UnmanagedDisk(**disk) for disk in self.disks),
            nics=tuple(UnmanagedNic(**nic) for nic in self.nics),
            details=self.details,
        )

    @staticmethod
    def columns_of(machine: UnmanagedMachine) -> dict[str, Any]:
        """The columns that say what a host told."""
        return {
            "name": machine.name[:255],
            "power": machine.power.value,
            "cpus": machine.cpus,
            "cpu_mhz": machine.cpu_mhz,
            "memory_mib": machine.memory_mib,
            "operating_system": machine.operating_system[:255],
            "disks": [dict(vars(disk)) for disk in machine.disks],
            "nics": [dict(vars(nic)) for nic in machine.nics],
            "details": dict(machine.details),
        }
