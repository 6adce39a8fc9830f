"""Disk offerings in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.storage.models import DiskOffering


@admin.register(DiskOffering)
class DiskOfferingAdmin(CloudAdmin):
    list_display = ["name", "size_gib", "is_custom", "local_storage", "tags", "state", "is_displayed", "sort_key"]
    list_filter = ["state", "is_custom", "local_storage", "is_compute_only"]
    search_fields = ["name", "display_text", "uuid", "tags"]
    commands = [
        ("updateDiskOffering", "Offer", {"state": "Active"}),
        ("updateDiskOffering", "Withdraw", {"state": "Inactive"}),
        ("deleteDiskOffering", "Delete"),
    ]
