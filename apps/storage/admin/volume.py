"""Volumes in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.storage.models import Volume


@admin.register(Volume)
class VolumeAdmin(CloudAdmin):
    list_display = ["name", "account", "type", "state", "size_bytes", "zone", "pool", "disk_offering", "created"]
    list_filter = ["state", "type", "zone", "pool"]
    list_select_related = ["account", "zone", "pool", "disk_offering"]
    search_fields = ["name", "uuid", "account__name", "path"]
    commands = [
        ("destroyVolume", "Destroy"),
        ("recoverVolume", "Recover"),
        ("destroyVolume", "Expunge", {"expunge": True}),
    ]
