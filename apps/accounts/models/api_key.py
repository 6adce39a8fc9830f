"""What a user's programs authenticate with: key pairs that sign requests, and bearer tokens for REST."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from cloudstack.framework.models import CloudModel
from cloudstack.framework.secrets import EncryptedField


class ApiKeyPair(CloudModel):
    """One pair; the secret half is stored encrypted and shown to its owner only.

    The pair without a name is the user's main one: ``registerUserKeys`` without a name makes it anew.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=255, blank=True, default="")
    description = models.CharField(max_length=1024, blank=True, default="")
    api_key = models.CharField(max_length=255, unique=True)
    secret_key = EncryptedField(editable=False)
    enabled = models.BooleanField(default=True)
    start_date = models.DateTimeField(null=True, blank=True)
    """Signs nothing before this moment."""
    end_date = models.DateTimeField(null=True, blank=True)
    """Signs nothing from this moment on."""
    allowed_cidrs = models.CharField(max_length=2048, blank=True, default="")
    """Networks that its requests may come from, separated by commas; empty for everywhere."""

    class Meta(CloudModel.Meta):
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=("user", "name"),
                condition=models.Q(removed__isnull=True),
                name="key_pair_name_once_per_user",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.api_key[:8]}…"


def key_state(*, enabled: bool, start_date: datetime | None, end_date: datetime | None) -> str:
    """``enabled``, ``disabled``, ``pending`` before its start or ``expired`` after its end."""
    now = timezone.now()
    if not enabled:
        return "disabled"
    if end_date is not None and end_date <= now:
        return "expired"
    return "pending" if start_date is not None and start_date > now else "enabled"


class ApiToken(CloudModel):
    """A bearer token of REST. Only its hash is stored: the token is shown once, when it is made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=255)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=16, blank=True, default="")
    """How the token begins, to tell one from another."""
    end_date = models.DateTimeField(null=True, blank=True)
    """Opens nothing from this moment on."""
    last_used = models.DateTimeField(null=True, blank=True, editable=False)
    """To the hour."""

    class Meta(CloudModel.Meta):
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=("user", "name"), condition=models.Q(removed__isnull=True), name="token_name_once_per_user"
            ),
        ]

    def __str__(self) -> str:
        return self.name
