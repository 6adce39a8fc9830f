"""Network offerings with their services."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin, CloudInline
from apps.network.models import NetworkOffering, NetworkOfferingService


class ServiceInline(CloudInline):
    """Who gives what."""

    model = NetworkOfferingService
    joined = ["offering"]


@admin.register(NetworkOffering)
class NetworkOfferingAdmin(CloudAdmin):
    list_display = ["name", "guest_type", "state", "is_default", "specify_vlan", "is_persistent", "sort_key"]
    list_filter = ["state", "guest_type", "is_default"]
    search_fields = ["name", "display_text", "uuid"]
    inlines = [ServiceInline]
    commands = [
        ("updateNetworkOffering", "Enable", {"state": "Enabled"}),
        ("updateNetworkOffering", "Disable", {"state": "Disabled"}),
        ("deleteNetworkOffering", "Delete"),
    ]


@admin.register(NetworkOfferingService)
class NetworkOfferingServiceAdmin(CloudAdmin):
    list_display = ["offering", "service", "provider"]
    list_filter = ["service", "provider"]
    list_select_related = ["offering"]
    search_fields = ["offering__name", "service", "provider"]
