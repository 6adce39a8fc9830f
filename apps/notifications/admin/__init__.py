"""Alerts and webhooks in the admin."""

from apps.notifications.admin import alert, webhook

__all__ = ["alert", "webhook"]
