"""Choices: pure data."""

from django.db import models


class WebhookState(models.TextChoices):
    ENABLED = "Enabled"
    DISABLED = "Disabled"


class WebhookScope(models.TextChoices):
    """Whose events a webhook hears of."""

    LOCAL = "Local", "those of its account"
    DOMAIN = "Domain", "those of its domain and of the domains below"
    GLOBAL = "Global", "all"


class DeliveryState(models.TextChoices):
    PENDING = "Pending"
    SENDING = "Sending"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
