"""When each periodic job ran last, and how it ended."""

from django.db import models


class ScheduledRun(models.Model):
    """The last run of one periodic job. ``busy_until`` and ``owner`` keep two workers from running it at once."""

    name = models.CharField(max_length=128, unique=True)
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    busy_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=160, blank=True)
    runs = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name
