"""Physical networks, what they carry and who gives services on them."""

from django.contrib import admin

from apps.network.admin.base import CommandAdmin
from apps.network.models import NetworkServiceProvider, PhysicalNetwork, PhysicalNetworkTrafficType, VnetRange


@admin.register(PhysicalNetwork)
class PhysicalNetworkAdmin(CommandAdmin):
    list_display = ["name", "zone", "state", "isolation_method", "ranges", "tags"]
    list_filter = ["state", "zone"]
    list_select_related = ["zone"]
    search_fields = ["name", "uuid", "zone__name"]
    actions = ["enable", "disable", "delete_physical_networks"]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("vnet_ranges")

    @admin.display(description="VXLAN numbers")
    def ranges(self, physical):
        return ", ".join(str(row) for row in physical.vnet_ranges.all())

    @admin.action(description="Enable", permissions=["operate"])
    def enable(self, request, queryset):
        self.run(request, queryset, "updatePhysicalNetwork", state="Enabled")

    @admin.action(description="Disable", permissions=["operate"])
    def disable(self, request, queryset):
        self.run(request, queryset, "updatePhysicalNetwork", state="Disabled")

    @admin.action(description="Delete physical networks", permissions=["operate"])
    def delete_physical_networks(self, request, queryset):
        self.run(request, queryset, "deletePhysicalNetwork")


@admin.register(PhysicalNetworkTrafficType)
class TrafficTypeAdmin(CommandAdmin):
    list_display = ["physical_network", "traffic_type", "kvm_label"]
    list_filter = ["traffic_type"]
    list_select_related = ["physical_network"]
    search_fields = ["physical_network__name", "kvm_label", "uuid"]
    actions = ["delete_traffic_types"]

    @admin.action(description="Delete traffic types", permissions=["operate"])
    def delete_traffic_types(self, request, queryset):
        self.run(request, queryset, "deleteTrafficType")


@admin.register(NetworkServiceProvider)
class ProviderAdmin(CommandAdmin):
    list_display = ["name", "physical_network", "state"]
    list_filter = ["state", "name"]
    list_select_related = ["physical_network"]
    search_fields = ["name", "physical_network__name", "uuid"]
    actions = ["enable", "disable"]

    @admin.action(description="Enable", permissions=["operate"])
    def enable(self, request, queryset):
        self.run(request, queryset, "updateNetworkServiceProvider", state="Enabled")

    @admin.action(description="Disable", permissions=["operate"])
    def disable(self, request, queryset):
        self.run(request, queryset, "updateNetworkServiceProvider", state="Disabled")


@admin.register(VnetRange)
class VnetRangeAdmin(CommandAdmin):
    list_display = ["physical_network", "start", "end"]
    list_select_related = ["physical_network"]
    search_fields = ["physical_network__name", "start", "end"]
