"""What machines use, in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.compute.models import MachineHistory, MachineSample, MachineStateHistory, MachineUsage


@admin.register(MachineUsage)
class MachineUsageAdmin(CloudAdmin):
    list_display = ("vm", "taken", "cpu_percent", "memory_used_mib", "net_rx_bytes", "net_tx_bytes")
    list_select_related = ("vm",)
    search_fields = ("vm__name", "vm__uuid")
    ordering = ("-taken",)
    has_job_panels = False


@admin.register(MachineSample)
class MachineSampleAdmin(CloudAdmin):
    list_display = ("vm", "taken", "cpu_percent", "memory_used_mib", "net_rx_bytes", "net_tx_bytes")
    list_select_related = ("vm",)
    search_fields = ("vm__name", "vm__uuid")
    ordering = ("-taken",)
    has_job_panels = False


@admin.register(MachineHistory)
class MachineHistoryAdmin(CloudAdmin):
    list_display = (
        "vm", "width_s", "began", "samples", "cpu_percent_sum", "cpu_percent_max", "memory_used_mib_max",
        "net_rx_bytes", "net_tx_bytes",
    )  # fmt: skip
    list_filter = ("width_s",)
    list_select_related = ("vm",)
    search_fields = ("vm__name", "vm__uuid")
    ordering = ("-id",)
    has_job_panels = False


@admin.register(MachineStateHistory)
class MachineStateHistoryAdmin(CloudAdmin):
    list_display = ("zone", "state", "width_s", "began", "samples", "machines_sum", "machines_max")
    list_filter = ("width_s", "state")
    list_select_related = ("zone",)
    search_fields = ("zone__name", "zone__uuid")
    ordering = ("-id",)
    has_job_panels = False
