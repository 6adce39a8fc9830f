"""The row of a machine that runs the platform."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from cloudstack.framework.models import PublicModel

HEARTBEAT_S = 5.0
SILENT_S = 30.0
"""A machine none of whose programs was heard of for so long is Down."""


class Wish(models.TextChoices):
    """What an operator wants of a management server."""

    RUN = "run", "run"
    MAINTENANCE = "maintenance", "take no work until it is called back"
    SHUTDOWN = "shutdown", "take no work and be ended"


class ManagementServer(PublicModel):
    """A machine with programs of the platform: web server, workers. Known by its host name.

    Programs write when they were there last; what operators wish is written by commands and heeded by the programs.
    """

    name = models.CharField(max_length=255, unique=True)
    version = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)
    os = models.CharField(max_length=255, blank=True)
    kernel = models.CharField(max_length=255, blank=True)
    booted = models.DateTimeField(null=True, blank=True)
    started = models.DateTimeField(null=True, blank=True)
    """When its programs began, after it was Down."""
    stopped = models.DateTimeField(null=True, blank=True)
    """When it was last heard of before that."""
    web_seen = models.DateTimeField(null=True, blank=True)
    worker_seen = models.DateTimeField(null=True, blank=True)
    figures = models.JSONField(default=dict, blank=True, editable=False)
    wish = models.CharField(max_length=16, choices=Wish, default=Wish.RUN)
    shutdown_triggered = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "management server"

    def __str__(self) -> str:
        return self.name

    @property
    def seen(self) -> datetime | None:
        """When a program of it was heard of last."""
        return max(filter(None, (self.web_seen, self.worker_seen)), default=None)

    def is_alive(self, now: datetime | None = None) -> bool:
        seen = self.seen
        return seen is not None and seen > (now or timezone.now()) - timedelta(seconds=SILENT_S)
