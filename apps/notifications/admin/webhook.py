"""Webhooks in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.notifications.models import Webhook, WebhookDelivery


@admin.register(Webhook)
class WebhookAdmin(CloudAdmin):
    list_display = ("name", "state", "scope", "payload_url", "account", "domain", "created")
    list_filter = ("state", "scope")
    list_select_related = ("account", "domain")
    search_fields = ("name", "payload_url", "account__name")
    ordering = ("-id",)
    commands = (("deleteWebhook", "Delete", {}),)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(CloudAdmin):
    plural = "Webhook deliveries"
    list_display = ("event_type", "webhook", "state", "attempts", "due", "ended", "response")
    list_filter = ("state", "created")
    list_select_related = ("webhook",)
    search_fields = ("event_type", "webhook__name")
    ordering = ("-id",)
