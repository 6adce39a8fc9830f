"""Physical networks, what they carry and who gives services on them."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.network.models import (
    GuestVlanRange,
    NetworkServiceProvider,
    PhysicalNetwork,
    PhysicalNetworkTrafficType,
    VnetRange,
)


@admin.register(PhysicalNetwork)
class PhysicalNetworkAdmin(CloudAdmin):
    list_display = ["name", "zone", "state", "isolation_method", "ranges", "tags"]
    list_filter = ["state", "zone"]
    list_select_related = ["zone"]
    search_fields = ["name", "uuid", "zone__name"]
    commands = [
        ("updatePhysicalNetwork", "Enable", {"state": "Enabled"}),
        ("updatePhysicalNetwork", "Disable", {"state": "Disabled"}),
        ("deletePhysicalNetwork", "Delete"),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("vnet_ranges")

    @admin.display(description="VXLAN numbers")
    def ranges(self, physical):
        return ", ".join(str(row) for row in physical.vnet_ranges.all())


@admin.register(PhysicalNetworkTrafficType)
class TrafficTypeAdmin(CloudAdmin):
    list_display = ["physical_network", "traffic_type", "kvm_label"]
    list_filter = ["traffic_type"]
    list_select_related = ["physical_network"]
    search_fields = ["physical_network__name", "kvm_label", "uuid"]
    commands = [("deleteTrafficType", "Delete")]


@admin.register(NetworkServiceProvider)
class ProviderAdmin(CloudAdmin):
    list_display = ["name", "physical_network", "state", "element_enabled"]
    list_filter = ["state", "name"]
    list_select_related = ["physical_network"]
    search_fields = ["name", "physical_network__name", "uuid"]
    commands = [
        ("updateNetworkServiceProvider", "Enable", {"state": "Enabled"}),
        ("updateNetworkServiceProvider", "Disable", {"state": "Disabled"}),
        ("deleteNetworkServiceProvider", "Remove"),
    ]


@admin.register(VnetRange)
class VnetRangeAdmin(CloudAdmin):
    list_display = ["physical_network", "start", "end"]
    list_select_related = ["physical_network"]
    search_fields = ["physical_network__name", "start", "end"]


@admin.register(GuestVlanRange)
class GuestVlanRangeAdmin(CloudAdmin):
    list_display = ["physical_network", "start", "end", "account", "domain"]
    list_select_related = ["physical_network", "account", "domain"]
    search_fields = ["physical_network__name", "account__name", "start", "end", "uuid"]
    commands = [("releaseDedicatedGuestVlanRange", "Open to everybody")]
