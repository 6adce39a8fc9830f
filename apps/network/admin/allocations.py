"""Who holds which address and number."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.network.models import IpAllocation, MacAllocation, PublicIpAddress, VlanIpRange, VniAllocation


@admin.register(VlanIpRange)
class VlanIpRangeAdmin(CloudAdmin):
    list_display = ["start_ip", "end_ip", "network", "gateway", "netmask", "vlan", "dedicated_domain", "for_system_vms"]
    list_filter = ["for_system_vms"]
    list_select_related = ["network", "dedicated_domain"]
    search_fields = ["start_ip", "end_ip", "network__name", "uuid"]
    commands = [("deleteVlanIpRange", "Delete")]


@admin.register(PublicIpAddress)
class PublicIpAddressAdmin(CloudAdmin):
    list_display = ["address", "state", "zone", "account", "network", "allocated"]
    list_filter = ["state", "zone"]
    list_select_related = ["zone", "account", "network"]
    search_fields = ["address", "uuid", "account__name", "network__name"]
    commands = [
        ("disassociateIpAddress", "Give back"),
        ("releaseIpAddress", "Give back the reservation"),
    ]


@admin.register(IpAllocation)
class IpAllocationAdmin(CloudAdmin):
    list_display = ["address", "network", "purpose", "state", "holder_uuid", "created"]
    list_filter = ["purpose", "state"]
    list_select_related = ["network"]
    search_fields = ["address", "holder_uuid", "network__name"]


@admin.register(MacAllocation)
class MacAllocationAdmin(CloudAdmin):
    list_display = ["mac", "network", "holder_uuid", "created"]
    list_select_related = ["network"]
    search_fields = ["mac", "holder_uuid", "network__name"]


@admin.register(VniAllocation)
class VniAllocationAdmin(CloudAdmin):
    list_display = ["vni", "zone", "physical_network", "network", "created"]
    list_filter = ["zone"]
    list_select_related = ["zone", "physical_network", "network"]
    search_fields = ["vni", "network__name", "network__uuid"]
