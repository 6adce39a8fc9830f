"""Who holds which address and number."""

from django.contrib import admin

from apps.network.admin.base import CommandAdmin
from apps.network.models import IpAllocation, MacAllocation, VlanIpRange, VniAllocation


@admin.register(VlanIpRange)
class VlanIpRangeAdmin(CommandAdmin):
    list_display = ["start_ip", "end_ip", "network", "gateway", "netmask", "vlan"]
    list_select_related = ["network"]
    search_fields = ["start_ip", "end_ip", "network__name", "uuid"]
    actions = ["delete_ranges"]

    @admin.action(description="Delete ranges", permissions=["operate"])
    def delete_ranges(self, request, queryset):
        self.run(request, queryset, "deleteVlanIpRange")


@admin.register(IpAllocation)
class IpAllocationAdmin(CommandAdmin):
    list_display = ["address", "network", "purpose", "state", "holder_uuid", "created"]
    list_filter = ["purpose", "state"]
    list_select_related = ["network"]
    search_fields = ["address", "holder_uuid", "network__name"]


@admin.register(MacAllocation)
class MacAllocationAdmin(CommandAdmin):
    list_display = ["mac", "network", "holder_uuid", "created"]
    list_select_related = ["network"]
    search_fields = ["mac", "holder_uuid", "network__name"]


@admin.register(VniAllocation)
class VniAllocationAdmin(CommandAdmin):
    list_display = ["vni", "zone", "physical_network", "network", "created"]
    list_filter = ["zone"]
    list_select_related = ["zone", "physical_network", "network"]
    search_fields = ["vni", "network__name", "network__uuid"]
