"""Schedules of machines in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.compute.models import VmSchedule


@admin.register(VmSchedule)
class VmScheduleAdmin(CloudAdmin):
    list_display = ("vm", "action", "schedule", "timezone", "enabled", "next_run", "end_date")
    list_filter = ("action", "enabled")
    list_select_related = ("vm",)
    search_fields = ("vm__name", "vm__uuid", "uuid", "description")
    ordering = ("-id",)
    commands = (
        ("updateVMSchedule", "Enable", {"enabled": True}),
        ("updateVMSchedule", "Disable", {"enabled": False}),
        (
            "deleteVMSchedule",
            "Delete",
            {"params": lambda row: {"id": row.uuid, "virtualmachineid": row.vm.uuid}, "confirm": True},
        ),
    )
