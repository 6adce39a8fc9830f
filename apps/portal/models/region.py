"""Regions: the installations that clients may switch between."""

from django.db import models

LOCAL_REGION = 1
"""Number of the region that this installation is."""


class Region(models.Model):
    """An installation under a number that its operators agree on. Only the first one is this installation."""

    number = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=255, unique=True)
    endpoint = models.CharField(max_length=255, blank=True, default="")
    """Address of its API; empty for this installation, whose address is the setting ``endpoint.url``."""

    class Meta:
        ordering = ("number",)

    def __str__(self) -> str:
        return self.name
