"""Stored values of settings; what is not stored has the default of its declaration."""

from django.db import models
from django.utils import timezone


class ConfigValue(models.Model):
    """One setting's value in one scope. ``scope_uuid`` is empty for the global scope."""

    name = models.CharField(max_length=128)
    scope = models.CharField(max_length=16, default="global")
    scope_uuid = models.CharField(max_length=36, blank=True, default="")
    value = models.TextField(blank=True)
    updated = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "scope", "scope_uuid"], name="one_value_per_setting_and_scope")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.scope})"
