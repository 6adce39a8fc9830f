"""Stored values of settings, and their history; what is not stored has the default of its declaration."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from cloudstack.framework.models import PublicModel


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


class SettingChange(PublicModel):
    """One change of one setting: who, when, through which door, from what to what. Written with the change itself.

    Of secret settings only that they changed: both texts are empty.
    """

    class Door(models.TextChoices):
        API = "api", "API"
        REST = "rest", "REST"
        ADMIN = "admin", "admin"
        PLATFORM = "", "the platform"

    name = models.CharField(max_length=128)
    scope = models.CharField(max_length=16, default="global")
    scope_uuid = models.CharField(max_length=36, blank=True, default="")
    secret = models.BooleanField(default=False)
    before = models.TextField(blank=True)
    """The value until then: the one that was set in this scope, or the one that was in force there without."""
    before_set = models.BooleanField()
    """Whether the scope had a value of its own before."""
    after = models.TextField(blank=True)
    after_set = models.BooleanField()
    door = models.CharField(max_length=8, choices=Door, blank=True, default=Door.PLATFORM)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    user_name = models.CharField(max_length=255, blank=True, default="")
    """As it was then; stays when the user is gone."""
    correlation_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["name", "-id"], name="setting_change_newest"),
            models.Index(fields=["created"], name="setting_change_created"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {'set' if self.after_set else 'reset'}"
