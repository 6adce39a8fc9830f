"""Who opened which console, in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.compute.models import ConsoleSession


@admin.register(ConsoleSession)
class ConsoleSessionAdmin(CloudAdmin):
    list_display = ("vm", "user", "account", "created", "acquired", "ended", "client_address", "end_reason")
    list_filter = ("created",)
    list_select_related = ("vm", "user", "account")
    search_fields = ("vm__name", "vm__uuid", "uuid", "user__username", "client_address")
    ordering = ("-id",)
    fields = (
        "uuid",
        "vm",
        "host",
        "user",
        "account",
        "domain",
        "created",
        "expires",
        "acquired",
        "ended",
        "end_reason",
        "creator_address",
        "client_address",
    )
    has_job_panels = False
