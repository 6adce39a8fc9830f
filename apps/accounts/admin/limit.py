"""Limits and counts in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.accounts.models import ResourceCount, ResourceLimit


@admin.register(ResourceLimit)
class ResourceLimitAdmin(CloudAdmin):
    list_display = ("type", "account", "domain", "max")
    list_filter = ("type",)
    search_fields = ("account__name", "domain__path")
    list_select_related = ("account", "domain")


@admin.register(ResourceCount)
class ResourceCountAdmin(CloudAdmin):
    list_display = ("type", "account", "domain", "count")
    list_filter = ("type",)
    search_fields = ("account__name", "domain__path")
    list_select_related = ("account", "domain")
