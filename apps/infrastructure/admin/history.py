"""Figures over time in the admin, as they are stored; the charts are made of them."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.infrastructure.models import CapacityHistory, HostHistory


@admin.register(CapacityHistory)
class CapacityHistoryAdmin(CloudAdmin):
    list_display = ["zone", "type", "width_s", "began", "samples", "used_sum", "total_sum", "used_max"]
    list_filter = ["width_s"]
    list_select_related = ["zone"]
    search_fields = ["zone__name", "zone__uuid"]
    ordering = ["-id"]
    has_job_panels = False


@admin.register(HostHistory)
class HostHistoryAdmin(CloudAdmin):
    list_display = [
        "host", "width_s", "began", "samples", "cpu_percent_sum", "cpu_percent_max", "memory_used_mib_max",
        "net_rx_bytes", "net_tx_bytes",
    ]  # fmt: skip
    list_filter = ["width_s"]
    list_select_related = ["host"]
    search_fields = ["host__name", "host__uuid"]
    ordering = ["-id"]
    has_job_panels = False
