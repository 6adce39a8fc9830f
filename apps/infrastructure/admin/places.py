"""Zones, pods and clusters in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.infrastructure.models import Cluster, Pod, Zone


@admin.register(Zone)
class ZoneAdmin(CloudAdmin):
    list_display = ["name", "network_type", "allocation_state", "domain", "guest_cidr", "dns1", "created"]
    list_filter = ["allocation_state", "network_type"]
    list_select_related = ["domain"]
    search_fields = ["name", "uuid"]
    commands = [
        ("updateZone", "Enable selected zones", {"allocationstate": "Enabled"}),
        ("updateZone", "Disable selected zones", {"allocationstate": "Disabled"}),
        ("deleteZone", "Delete selected empty zones"),
    ]


@admin.register(Pod)
class PodAdmin(CloudAdmin):
    list_display = ["name", "zone", "gateway", "netmask", "start_ip", "end_ip", "allocation_state"]
    list_filter = ["allocation_state", "zone"]
    list_select_related = ["zone"]
    search_fields = ["name", "uuid", "zone__name"]
    commands = [
        ("updatePod", "Enable selected pods", {"allocationstate": "Enabled"}),
        ("updatePod", "Disable selected pods", {"allocationstate": "Disabled"}),
        ("deletePod", "Delete selected empty pods"),
    ]


@admin.register(Cluster)
class ClusterAdmin(CloudAdmin):
    list_display = ["name", "pod", "hypervisor", "cluster_type", "allocation_state", "managed_state", "architecture"]
    list_filter = ["hypervisor", "allocation_state", "managed_state"]
    list_select_related = ["pod"]
    search_fields = ["name", "uuid", "pod__name"]
    commands = [
        ("updateCluster", "Enable selected clusters", {"allocationstate": "Enabled"}),
        ("updateCluster", "Disable selected clusters", {"allocationstate": "Disabled"}),
        ("deleteCluster", "Delete selected clusters without hosts"),
    ]
