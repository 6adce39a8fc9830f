"""Figures over time: how many machines were in which state, and what each machine used."""

from django.db import models

from apps.compute.models.virtual_machine import VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Zone
from cloudstack.framework.rollups.models import History


class MachineStateHistory(History):
    """How many machines of a zone were in a state, added up over ``samples`` looks. States without one count 0."""

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=16, choices=VmState)
    machines_sum = models.PositiveBigIntegerField(default=0)
    machines_max = models.PositiveIntegerField(default=0)

    keys = ("zone", "state")
    sums = ("machines_sum",)
    peaks = ("machines_max",)

    class Meta(History.Meta):
        verbose_name_plural = "machine state histories"
        constraints = [
            models.UniqueConstraint(fields=["zone", "state", "width_s", "began"], name="state_once_a_stretch")
        ]


class MachineHistory(History):
    """What a machine used, made of its samples. ``cpu_samples`` are those that knew the CPU.

    Bytes and operations are those of ``seconds``: what a machine had counted before it was first looked at is left out.
    """

    vm = models.ForeignKey(VirtualMachine, on_delete=models.CASCADE, related_name="+", db_index=False)
    cpu_samples = models.PositiveIntegerField(default=0)
    cpu_percent_sum = models.FloatField(default=0)
    cpu_percent_max = models.FloatField(null=True)
    memory_used_mib_sum = models.PositiveBigIntegerField(default=0)
    memory_used_mib_max = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    net_rx_bytes = models.PositiveBigIntegerField(default=0)
    net_tx_bytes = models.PositiveBigIntegerField(default=0)
    disk_read_bytes = models.PositiveBigIntegerField(default=0)
    disk_write_bytes = models.PositiveBigIntegerField(default=0)
    disk_read_ops = models.PositiveBigIntegerField(default=0)
    disk_write_ops = models.PositiveBigIntegerField(default=0)

    counters = (
        "net_rx_bytes", "net_tx_bytes", "disk_read_bytes", "disk_write_bytes", "disk_read_ops", "disk_write_ops",
    )  # fmt: skip
    keys = ("vm",)
    sums = ("cpu_samples", "cpu_percent_sum", "memory_used_mib_sum", "seconds", *counters)
    peaks = ("cpu_percent_max", "memory_used_mib_max")

    class Meta(History.Meta):
        verbose_name_plural = "machine histories"
        constraints = [models.UniqueConstraint(fields=["vm", "width_s", "began"], name="machine_once_a_stretch")]
