"""Zones, pods and clusters in the admin."""

from functools import partial

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.accounts.admin.commands import AdminCommand
from apps.infrastructure.models import Cluster, Dedication, Pod, Zone
from apps.infrastructure.models.dedication import PLACES


def _place(kind: str, dedication: Dedication) -> dict[str, str]:
    place = getattr(dedication, kind)
    return {f"{kind}id": str(place.uuid) if place else ""}


def _is_of(kind: str, dedication: Dedication) -> bool:
    return dedication.kind == kind


@admin.register(Zone)
class ZoneAdmin(CloudAdmin):
    list_display = ["name", "network_type", "allocation_state", "domain", "guest_cidr", "dns1", "created"]
    list_filter = ["allocation_state", "network_type"]
    list_select_related = ["domain"]
    search_fields = ["name", "uuid"]
    commands = [
        ("updateZone", "Enable", {"allocationstate": "Enabled"}),
        ("updateZone", "Disable", {"allocationstate": "Disabled"}),
        ("deleteZone", "Delete"),
    ]


@admin.register(Pod)
class PodAdmin(CloudAdmin):
    list_display = ["name", "zone", "gateway", "netmask", "start_ip", "end_ip", "allocation_state"]
    list_filter = ["allocation_state", "zone"]
    list_select_related = ["zone"]
    search_fields = ["name", "uuid", "zone__name"]
    commands = [
        ("updatePod", "Enable", {"allocationstate": "Enabled"}),
        ("updatePod", "Disable", {"allocationstate": "Disabled"}),
        ("deletePod", "Delete"),
    ]


@admin.register(Cluster)
class ClusterAdmin(CloudAdmin):
    list_display = ["name", "pod", "hypervisor", "cluster_type", "allocation_state", "managed_state", "architecture"]
    list_filter = ["hypervisor", "allocation_state", "managed_state"]
    list_select_related = ["pod"]
    search_fields = ["name", "uuid", "pod__name"]
    commands = [
        ("updateCluster", "Enable", {"allocationstate": "Enabled"}),
        ("updateCluster", "Disable", {"allocationstate": "Disabled"}),
        ("scanUnmanagedInstances", "Look for unmanaged machines", {"parameter": "clusterid"}),
        ("deleteCluster", "Delete"),
    ]


@admin.register(Dedication)
class DedicationAdmin(CloudAdmin):
    list_display = ["uuid", "zone", "pod", "cluster", "host", "domain", "account", "created"]
    list_filter = ["domain"]
    list_select_related = ["zone", "pod", "cluster", "host", "domain", "account"]
    search_fields = ["uuid", "zone__name", "pod__name", "cluster__name", "host__name", "account__name"]
    commands = [
        AdminCommand(
            command=f"releaseDedicated{kind.capitalize()}",
            label=f"Open the {kind} for everybody",
            parameter=f"{kind}id",
            params=partial(_place, kind),
            suits=partial(_is_of, kind),
            confirm=True,
        )
        for kind in PLACES
    ]
