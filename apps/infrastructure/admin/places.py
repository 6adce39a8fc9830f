"""Zones, pods and clusters in the admin."""

from django.contrib import admin

from apps.infrastructure.admin.base import InfrastructureAdmin, command_action
from apps.infrastructure.models import Cluster, Pod, Zone


@admin.register(Zone)
class ZoneAdmin(InfrastructureAdmin):
    list_display = ["name", "network_type", "allocation_state", "domain", "guest_cidr", "dns1", "created"]
    list_filter = ["allocation_state", "network_type"]
    list_select_related = ["domain"]
    search_fields = ["name", "uuid"]
    actions = [
        command_action("updateZone", "Enable selected zones", allocationstate="Enabled"),
        command_action("updateZone", "Disable selected zones", allocationstate="Disabled"),
        command_action("deleteZone", "Delete selected empty zones"),
    ]


@admin.register(Pod)
class PodAdmin(InfrastructureAdmin):
    list_display = ["name", "zone", "gateway", "netmask", "start_ip", "end_ip", "allocation_state"]
    list_filter = ["allocation_state", "zone"]
    list_select_related = ["zone"]
    search_fields = ["name", "uuid", "zone__name"]
    actions = [
        command_action("updatePod", "Enable selected pods", allocationstate="Enabled"),
        command_action("updatePod", "Disable selected pods", allocationstate="Disabled"),
        command_action("deletePod", "Delete selected empty pods"),
    ]


@admin.register(Cluster)
class ClusterAdmin(InfrastructureAdmin):
    list_display = ["name", "pod", "hypervisor", "cluster_type", "allocation_state", "managed_state", "architecture"]
    list_filter = ["hypervisor", "allocation_state", "managed_state"]
    list_select_related = ["pod"]
    search_fields = ["name", "uuid", "pod__name"]
    actions = [
        command_action("updateCluster", "Enable selected clusters", allocationstate="Enabled"),
        command_action("updateCluster", "Disable selected clusters", allocationstate="Disabled"),
        command_action("deleteCluster", "Delete selected clusters without hosts"),
    ]
