"""Calls that can be repeated under their key, in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from cloudstack.api.models import IdempotentCall


@admin.register(IdempotentCall)
class IdempotentCallAdmin(CloudAdmin):
    plural = "Calls that can be repeated"
    list_display = ("key", "command", "user", "created")
    list_filter = ("created",)
    list_select_related = ("user",)
    search_fields = ("key", "command")
    search_help_text = "a key or a command"
    ordering = ("-id",)
    fields = ("key", "command", "user", "created", "fingerprint")
