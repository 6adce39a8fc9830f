"""Promises that somebody tried to break."""

from django.db import models
from django.utils import timezone


class Violation(models.Model):
    """Something that must never happen was asked of the simulated world; it was refused and written down."""

    kind = models.CharField(max_length=64)
    object_uuid = models.UUIDField(null=True, blank=True)
    host_uuid = models.UUIDField(null=True, blank=True)
    text = models.TextField()
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text
