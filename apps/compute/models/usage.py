"""What running machines use: the latest figures of each, and earlier ones for a time."""

from django.db import models

from apps.compute.models.virtual_machine import VirtualMachine


class Figures(models.Model):
    """What a machine did between two looks at it, in bytes and operations; CPU in per cent of all its CPUs."""

    taken = models.DateTimeField()
    cpu_percent = models.FloatField(null=True, blank=True)
    """None at the first look, when there is nothing to compare with."""
    memory_used_mib = models.PositiveIntegerField(default=0)
    net_rx_bytes = models.PositiveBigIntegerField(default=0)
    net_tx_bytes = models.PositiveBigIntegerField(default=0)
    disk_read_bytes = models.PositiveBigIntegerField(default=0)
    disk_write_bytes = models.PositiveBigIntegerField(default=0)
    disk_read_ops = models.PositiveBigIntegerField(default=0)
    disk_write_ops = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    """Of how many seconds the counters are; 0 at the first look, when they are of the time since the start."""

    class Meta:
        abstract = True


class MachineUsage(Figures):
    """The latest figures of a machine that runs, and its counters since it was started (``total_…``)."""

    vm = models.OneToOneField(VirtualMachine, on_delete=models.CASCADE, primary_key=True, related_name="usage")
    total_cpu_ns = models.PositiveBigIntegerField(default=0)
    total_net_rx_bytes = models.PositiveBigIntegerField(default=0)
    total_net_tx_bytes = models.PositiveBigIntegerField(default=0)
    total_disk_read_bytes = models.PositiveBigIntegerField(default=0)
    total_disk_write_bytes = models.PositiveBigIntegerField(default=0)
    total_disk_read_ops = models.PositiveBigIntegerField(default=0)
    total_disk_write_ops = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "usage of a machine"
        verbose_name_plural = "usage of machines"

    def __str__(self) -> str:
        return f"usage of {self.vm}"


class MachineSample(Figures):
    """Figures of the past, kept for ``vm.stats.max.retention.time``."""

    vm = models.ForeignKey(VirtualMachine, on_delete=models.CASCADE, related_name="samples", db_index=False)

    class Meta:
        verbose_name = "sample of a machine's usage"
        verbose_name_plural = "samples of machines' usage"
        indexes = [
            models.Index(fields=["vm", "taken"], name="sample_of_vm"),
            models.Index(fields=["taken"], name="sample_taken"),
        ]

    def __str__(self) -> str:
        return f"usage of {self.vm} at {self.taken:%H:%M:%S}"
