"""Hosts in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.infrastructure.models import Host


@admin.register(Host)
class HostAdmin(CloudAdmin):
    list_display = [
        "name",
        "cluster",
        "zone",
        "hypervisor",
        "status",
        "resource_state",
        "cpus",
        "memory_mib",
        "cpu_promised",
        "memory_promised",
        "last_ping",
    ]
    list_filter = ["status", "resource_state", "hypervisor", "zone", "cluster"]
    list_select_related = ["cluster", "zone", "capacity"]
    search_fields = ["name", "uuid", "private_ip", "url", "tags"]
    exclude = ["credentials"]
    commands = [
        ("updateHost", "Enable", {"allocationstate": "Enable"}),
        ("updateHost", "Disable", {"allocationstate": "Disable"}),
        ("reconnectHost", "Reconnect"),
        ("prepareHostForMaintenance", "Put into maintenance", {"confirm": True}),
        ("cancelHostMaintenance", "End the maintenance"),
        ("declareHostAsDegraded", "Declare degraded", {"confirm": True}),
        ("cancelHostAsDegraded", "Take back from degraded"),
        ("releaseHostReservation", "Give back room that nobody uses"),
        ("deleteHost", "Delete"),
    ]

    @admin.display(description="CPU promised", ordering="capacity__cpu_used_mhz")
    def cpu_promised(self, host: Host) -> str:
        return _share(host, "cpu_used_mhz", "cpu_total_mhz")

    @admin.display(description="memory promised", ordering="capacity__memory_used_mib")
    def memory_promised(self, host: Host) -> str:
        return _share(host, "memory_used_mib", "memory_total_mib")


def _share(host: Host, used: str, total: str) -> str:
    """Promised of what the host has, before over-provisioning."""
    capacity = getattr(host, "capacity", None)
    if capacity is None or not getattr(capacity, total):
        return "–"
    return f"{100 * getattr(capacity, used) / getattr(capacity, total):.0f}%"
