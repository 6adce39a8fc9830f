"""Pools, the hosts that see them, and promises of their room, in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.storage.models import PoolHost, PoolReservation, StoppedForPool, StoragePool
from apps.storage.services.allocation import limit_bytes


@admin.register(StoragePool)
class StoragePoolAdmin(CloudAdmin):
    list_display = [
        "name",
        "zone",
        "cluster",
        "host",
        "type",
        "scope",
        "state",
        "used",
        "promised",
        "capacity_bytes",
        "tags",
        "facts_at",
    ]
    list_filter = ["state", "type", "scope", "hypervisor", "zone", "cluster"]
    list_select_related = ["zone", "cluster", "host"]
    search_fields = ["name", "uuid", "path", "host_address", "tags"]
    exclude = ["credentials"]
    commands = [
        ("updateStoragePool", "Enable", {"enabled": True}),
        ("updateStoragePool", "Disable", {"enabled": False}),
        ("enableStorageMaintenance", "Put into maintenance", {"confirm": True}),
        ("cancelStorageMaintenance", "End the maintenance"),
        ("syncStoragePool", "Ask what it has"),
        ("deleteStoragePool", "Remove"),
    ]

    @admin.display(description="used", ordering="used_bytes")
    def used(self, pool: StoragePool) -> str:
        return _share(pool.used_bytes, pool.capacity_bytes)

    @admin.display(description="promised of what may be", ordering="allocated_bytes")
    def promised(self, pool: StoragePool) -> str:
        return _share(pool.allocated_bytes, limit_bytes(pool))


@admin.register(PoolHost)
class PoolHostAdmin(CloudAdmin):
    list_display = ["pool", "host", "path", "created"]
    list_filter = ["pool"]
    list_select_related = ["pool", "host"]
    search_fields = ["pool__name", "host__name", "path"]


@admin.register(PoolReservation)
class PoolReservationAdmin(CloudAdmin):
    list_display = ["holder_uuid", "pool", "size_bytes", "created"]
    list_filter = ["pool"]
    list_select_related = ["pool"]
    search_fields = ["holder_uuid", "pool__name"]


@admin.register(StoppedForPool)
class StoppedForPoolAdmin(CloudAdmin):
    list_display = ["machine_uuid", "pool", "created"]
    list_filter = ["pool"]
    list_select_related = ["pool"]
    search_fields = ["machine_uuid", "pool__name"]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "–"
