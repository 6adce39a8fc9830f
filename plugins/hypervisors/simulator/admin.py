"""The simulated world in the admin: for looking; faults may also be made and deleted."""

from typing import Any

from django.contrib import admin

from cloudstack.plugin.admin import CloudAdmin
from plugins.hypervisors.simulator.models import (
    Fault,
    SimulatedBridge,
    SimulatedDhcp,
    SimulatedDhcpHost,
    SimulatedHost,
    SimulatedTemplate,
    SimulatedVm,
    SimulatedVolume,
    Violation,
)


@admin.register(SimulatedVm)
class SimulatedVmAdmin(CloudAdmin):
    list_display = ["name", "vm_uuid", "host_uuid", "power", "cpus", "memory_mib", "boots", "since"]
    list_filter = ["power"]
    search_fields = ["name", "vm_uuid", "host_uuid"]


@admin.register(SimulatedHost)
class SimulatedHostAdmin(CloudAdmin):
    list_display = ["host_uuid", "cpus", "cpu_mhz", "memory_mib"]
    search_fields = ["host_uuid"]


@admin.register(SimulatedVolume)
class SimulatedVolumeAdmin(CloudAdmin):
    list_display = ["path", "volume_uuid", "pool_uuid", "size_bytes", "format", "is_template"]
    list_filter = ["is_template", "format"]
    search_fields = ["path", "volume_uuid", "pool_uuid"]


@admin.register(SimulatedTemplate)
class SimulatedTemplateAdmin(CloudAdmin):
    list_display = ["template_uuid", "store_uuid", "url", "format", "virtual_size_bytes"]
    list_filter = ["format"]
    search_fields = ["template_uuid", "url"]


@admin.register(SimulatedBridge)
class SimulatedBridgeAdmin(CloudAdmin):
    list_display = ["name", "host_uuid", "vni", "underlay", "mtu"]
    search_fields = ["name", "host_uuid", "vni"]


@admin.register(SimulatedDhcp)
class SimulatedDhcpAdmin(CloudAdmin):
    list_display = ["network_uuid", "host_uuid", "bridge", "server_ip", "prefix"]
    search_fields = ["network_uuid", "host_uuid", "server_ip"]


@admin.register(SimulatedDhcpHost)
class SimulatedDhcpHostAdmin(CloudAdmin):
    list_display = ["mac", "ip", "hostname", "network_uuid", "host_uuid"]
    search_fields = ["mac", "ip", "hostname", "network_uuid"]


@admin.register(Violation)
class ViolationAdmin(CloudAdmin):
    list_display = ["kind", "text", "object_uuid", "host_uuid", "created"]
    list_filter = ["kind"]
    search_fields = ["text", "object_uuid", "host_uuid"]


@admin.register(Fault)
class FaultAdmin(CloudAdmin):
    """Faults are made by configureSimulator, which checks them; here they are looked at and deleted."""

    list_display = ["command", "value", "remaining", "used", "zone_uuid", "pod_uuid", "cluster_uuid", "host_uuid"]
    list_filter = ["command"]
    search_fields = ["command", "value", "host_uuid"]

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
