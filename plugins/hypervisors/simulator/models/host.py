"""What a simulated host has, where it differs from the plugin's defaults."""

from django.db import models


class SimulatedHost(models.Model):
    """Facts of one host. A host without a row has the defaults, or what its details say."""

    host_uuid = models.UUIDField(unique=True)
    cpus = models.PositiveIntegerField()
    cpu_mhz = models.PositiveIntegerField()
    memory_mib = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.host_uuid}: {self.cpus} × {self.cpu_mhz} MHz, {self.memory_mib} MiB"
