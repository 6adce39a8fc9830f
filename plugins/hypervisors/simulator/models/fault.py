"""Faults to come."""

from django.db import models
from django.utils import timezone


class Fault(models.Model):
    """What shall go wrong when ``command`` is done in a place; an empty place means everywhere.

    ``value`` is ``wait:<ms>``, ``timeout:<ms>``, ``fault:<text>``, ``unavailable:<text>``, ``crash:before`` or
    ``crash:after``. ``remaining`` counts down with each use; empty is without end.
    """

    command = models.CharField(max_length=64, db_index=True)
    value = models.CharField(max_length=255)
    remaining = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0)
    zone_uuid = models.UUIDField(null=True, blank=True)
    pod_uuid = models.UUIDField(null=True, blank=True)
    cluster_uuid = models.UUIDField(null=True, blank=True)
    host_uuid = models.UUIDField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.command}: {self.value}"
