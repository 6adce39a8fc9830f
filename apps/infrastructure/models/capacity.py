"""How much of a host is there, and how much of it is promised to whom."""

import uuid

from django.db import models
from django.utils import timezone

from apps.infrastructure.models.host import Host


class HostCapacity(models.Model):
    """Totals and promises of one host; written only by the capacity service's conditional UPDATEs.

    ``memory_reserved_mib`` is kept for the hypervisor itself.
    """

    host = models.OneToOneField(Host, on_delete=models.CASCADE, primary_key=True, related_name="capacity")
    cpu_total_mhz = models.PositiveBigIntegerField(default=0)
    cpu_used_mhz = models.PositiveBigIntegerField(default=0)
    memory_total_mib = models.PositiveBigIntegerField(default=0)
    memory_used_mib = models.PositiveBigIntegerField(default=0)
    memory_reserved_mib = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "host capacities"

    def __str__(self) -> str:
        return f"capacity of {self.host}"


class CapacityReservation(models.Model):
    """One holder's (a machine's) share of one host; the sum of these is what ``HostCapacity`` counts as used."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="reservations")
    holder_uuid = models.UUIDField()
    cpu_mhz = models.PositiveBigIntegerField()
    memory_mib = models.PositiveBigIntegerField()
    job_uuid = models.UUIDField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["holder_uuid", "host"], name="one_reservation_per_host")]

    def __str__(self) -> str:
        return f"{self.holder_uuid} on {self.host_id}: {self.cpu_mhz} MHz, {self.memory_mib} MiB"
