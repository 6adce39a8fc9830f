"""Promises of capacity, and limits of hypervisors, in the admin, to look at."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.infrastructure.models import CapacityReservation, HostCapacity, HypervisorCapabilities


@admin.register(HostCapacity)
class HostCapacityAdmin(CloudAdmin):
    list_display = [
        "host",
        "cpu_used_mhz",
        "cpu_total_mhz",
        "memory_used_mib",
        "memory_total_mib",
        "memory_reserved_mib",
    ]
    list_filter = ["host__cluster"]
    list_select_related = ["host"]
    search_fields = ["host__name", "host__uuid"]


@admin.register(CapacityReservation)
class CapacityReservationAdmin(CloudAdmin):
    list_display = ["holder_uuid", "host", "cpu_mhz", "memory_mib", "job_uuid", "created"]
    list_filter = ["host__cluster"]
    list_select_related = ["host"]
    search_fields = ["holder_uuid", "job_uuid", "host__name"]


@admin.register(HypervisorCapabilities)
class HypervisorCapabilitiesAdmin(CloudAdmin):
    list_display = ["hypervisor", "version", "max_guests", "max_data_volumes", "max_hosts_per_cluster"]
    search_fields = ["hypervisor", "uuid"]
