"""The alert row."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.models import PublicModel


class Alert(PublicModel):
    """Something that an operator has to look at. The same thing that goes on is one row, seen again."""

    type = models.PositiveSmallIntegerField(choices=AlertType)
    name = models.CharField(max_length=255)
    description = models.CharField(max_length=1024)
    subject_uuid = models.UUIDField(null=True, blank=True)
    """The zone, pod, host or pool that it is about."""
    times_seen = models.PositiveIntegerField(default=1)
    last_seen = models.DateTimeField(default=timezone.now)
    mailed = models.DateTimeField(null=True, blank=True)
    carried = models.TextField(blank=True, default="", editable=False)
    """Channels of plugins that have told it, each between commas."""
    archived = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["type", "-id"], condition=Q(archived=False), name="alert_open"),
            models.Index(fields=["subject_uuid"], condition=Q(archived=False), name="alert_subject"),
            models.Index(fields=["created"], name="alert_created"),
            models.Index(fields=["last_seen"], condition=Q(archived=False), name="alert_last_seen"),
            models.Index(fields=["created"], condition=Q(mailed__isnull=True, archived=False), name="alert_unmailed"),
        ]

    def __str__(self) -> str:
        return self.name
