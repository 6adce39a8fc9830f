"""Webhooks and what was sent to them."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import OwnedModel
from apps.notifications.states import DeliveryState, WebhookScope, WebhookState
from cloudstack.framework.models import PublicModel
from cloudstack.framework.secrets import EncryptedField


class Webhook(OwnedModel):
    """An address to which events are sent, signed with a key that both sides know."""

    name = models.CharField(max_length=255)
    description = models.CharField(max_length=1024, blank=True, default="")
    state = models.CharField(max_length=8, choices=WebhookState, default=WebhookState.ENABLED)
    scope = models.CharField(max_length=8, choices=WebhookScope, default=WebhookScope.LOCAL)
    payload_url = models.CharField(max_length=2048)
    secret_key = EncryptedField(blank=True, default="", editable=False)
    ssl_verification = models.BooleanField(default=True)

    class Meta(OwnedModel.Meta):
        ordering = ("id",)
        indexes = [
            *OwnedModel.Meta.indexes,
            models.Index(
                fields=("scope",), condition=Q(removed__isnull=True, state=WebhookState.ENABLED), name="webhook_enabled"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("account", "payload_url"), condition=Q(removed__isnull=True), name="one_webhook_per_address"
            )
        ]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(PublicModel):
    """One event on its way to one webhook; written with the event, sent after its commit."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event_uuid = models.UUIDField(null=True, blank=True)
    """None for a test message."""
    event_type = models.CharField(max_length=64, blank=True)
    payload = models.TextField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField(default=timezone.now)
    """When it is to be sent or, while it is being sent, when its sender counts as dead."""
    headers = models.TextField(blank=True, default="")
    """As they were sent, without the signature."""
    response = models.TextField(blank=True, default="")
    """The beginning of what the address answered, or why it could not be reached."""
    started = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=("webhook", "-id"), name="delivery_webhook_newest"),
            models.Index(
                fields=("due",),
                condition=Q(state__in=(DeliveryState.PENDING, DeliveryState.SENDING)),
                name="delivery_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} to {self.webhook_id}"
