"""Alerts in the admin."""

from typing import Any

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from cloudstack.framework.alerts.models import Alert


def _this(alert: Alert) -> dict[str, Any]:
    return {"ids": str(alert.uuid)}


@admin.register(Alert)
class AlertAdmin(CloudAdmin):
    list_display = ("name", "type", "description", "times_seen", "last_seen", "mailed", "archived")
    list_filter = ("archived", "type", "created")
    search_fields = ("name", "description")
    search_help_text = "words, or the UUID of an alert or of what it is about"
    ordering = ("-id",)
    commands = (
        ("archiveAlerts", "Put aside", {"params": _this}),
        ("deleteAlerts", "Delete", {"params": _this}),
    )
