"""Service offerings in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.compute.models import ServiceOffering


@admin.register(ServiceOffering)
class ServiceOfferingAdmin(CloudAdmin):
    list_display = (
        "name",
        "state",
        "cpus",
        "cpu_mhz",
        "memory_mib",
        "is_customized",
        "offer_ha",
        "host_tags",
        "disk_offering",
        "sort_key",
    )
    list_filter = ("state", "is_customized", "offer_ha")
    list_select_related = ("disk_offering",)
    search_fields = ("name", "display_text", "uuid", "host_tags")
    ordering = ("sort_key", "id")
    commands = (
        ("updateServiceOffering", "Offer", {"state": "Active"}),
        ("updateServiceOffering", "Withdraw", {"state": "Inactive"}),
        ("deleteServiceOffering", "Delete"),
    )
