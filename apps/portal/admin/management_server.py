"""Management servers in the admin."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.admin.base import CloudAdmin
from cloudstack.framework.nodes.models import ManagementServer
from cloudstack.framework.nodes.service import state_of, with_running_jobs


def _id(server: ManagementServer) -> dict[str, str]:
    return {"managementserverid": str(server.uuid)}


@admin.register(ManagementServer)
class ManagementServerAdmin(CloudAdmin):
    list_display = ("name", "condition", "version", "address", "os", "started", "seen")
    search_fields = ("name", "address", "uuid")
    ordering = ("name",)
    has_job_panels = False
    commands = (
        ("prepareForMaintenance", "Take no more work", {"params": _id}),
        ("cancelMaintenance", "Take work again after maintenance", {"params": _id}),
        ("prepareForShutdown", "Prepare for shutdown", {"params": _id}),
        ("cancelShutdown", "Do not shut down", {"params": _id}),
        ("triggerShutdown", "Shut down", {"params": _id}),
        ("removeManagementServer", "Forget"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ManagementServer]:
        return with_running_jobs(super().get_queryset(request))

    @admin.display(description="state")
    def condition(self, server: ManagementServer) -> str:
        return state_of(server, server.jobs)
