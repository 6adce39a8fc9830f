"""What machines use, in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.compute.models import MachineSample, MachineUsage


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
