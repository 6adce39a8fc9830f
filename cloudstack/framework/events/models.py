"""The event row: written in the transaction of the change, so that none is lost and none is invented."""

from django.conf import settings
from django.db import models

from cloudstack.framework.models import PublicModel


class Event(PublicModel):
    """Something that happened, for users, operators, webhooks, usage and audit."""

    class Level(models.TextChoices):
        INFO = "INFO"
        WARN = "WARN"
        ERROR = "ERROR"

    class State(models.TextChoices):
        CREATED = "Created"
        SCHEDULED = "Scheduled"
        STARTED = "Started"
        COMPLETED = "Completed"

    type = models.CharField(max_length=64, db_index=True)
    level = models.CharField(max_length=8, choices=Level, default=Level.INFO)
    state = models.CharField(max_length=16, choices=State, default=State.COMPLETED)
    description = models.CharField(max_length=1024)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    account_uuid = models.UUIDField(null=True, blank=True)
    """Account that owns the resource: it may see the event."""
    resource_type = models.CharField(max_length=64, blank=True)
    resource_uuid = models.UUIDField(null=True, blank=True, db_index=True)
    resource_name = models.CharField(max_length=255, blank=True)
    parent_uuid = models.UUIDField(null=True, blank=True)
    job_uuid = models.UUIDField(null=True, blank=True, db_index=True)
    correlation_id = models.CharField(max_length=64, blank=True)
    archived = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account_uuid", "-id"], name="event_account_newest"),
            models.Index(fields=["created"], name="event_created"),
            models.Index(fields=["-id"], condition=models.Q(archived=False), name="event_shown"),
            # Nearly all events tell of what has been done, and went well.
            models.Index(fields=["state", "-id"], condition=~models.Q(state="Completed"), name="event_going_on"),
            models.Index(fields=["level", "-id"], condition=~models.Q(level="INFO"), name="event_not_info"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.resource_name}".strip()
