"""Entities of the notifications app."""

from apps.notifications.models.webhook import Webhook, WebhookDelivery

__all__ = ["Webhook", "WebhookDelivery"]
