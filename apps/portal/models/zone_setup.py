"""Zones that operators are setting up, step by step."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from cloudstack.framework.models import PublicModel


class ZoneSetup(PublicModel):
    """How far somebody has come with a zone. What the steps made are objects of the cloud and stand in their tables.

    ``answers``: section of a step → what was filled in and is no object yet; never a secret. ``made``: one entry for
    each thing that a step made, with a fingerprint of what was asked for, so that nothing is made twice.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    """Who began it; others whose role makes zones may go on with it."""
    zone = models.ForeignKey(
        "infrastructure.Zone", null=True, blank=True, on_delete=models.SET_NULL, related_name="setups"
    )
    name = models.CharField(max_length=255, blank=True, default="")
    """The zone's name, as far as it is known."""
    step = models.CharField(max_length=16, default="zone")
    """The step that was worked on last."""
    answers = models.JSONField(default=dict, blank=True)
    made = models.JSONField(default=list, blank=True)
    updated = models.DateTimeField(default=timezone.now)
    launched = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "zone set-up"
        indexes = [
            models.Index(fields=["-updated"], condition=models.Q(launched__isnull=True), name="zone_setup_open"),
        ]

    def __str__(self) -> str:
        return self.name or "a zone without a name"
