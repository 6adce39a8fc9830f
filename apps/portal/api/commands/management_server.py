"""Commands on the machines that run the platform."""

from typing import Any

from django.db.models import QuerySet

from apps.portal.api.responses.management_server import (
    ManagementServerMaintenanceResponse,
    ManagementServerMetricsResponse,
    ManagementServerResponse,
)
from apps.portal.selectors.management_servers import management_servers_visible_to
from cloudstack.api import ROOT, Access, BaseCmd, BaseListCmd, Ref, Str, SuccessResponse
from cloudstack.framework.nodes import service
from cloudstack.framework.nodes.models import ManagementServer, Wish
from cloudstack.framework.nodes.service import Condition, ManagementServerManager


class ListManagementServers(BaseListCmd):
    """Lists the machines that run the platform."""

    roles = ROOT
    response = ManagementServerResponse
    since = "4.17.0"
    ids_filter = None

    server_name = Str("name", lookup="name", help="host name")
    version = Str("version", lookup="version", help="those that serve this version of the command API")

    def queryset(self) -> QuerySet[ManagementServer]:
        return management_servers_visible_to(caller=self.caller)


class ListManagementServersMetrics(ListManagementServers):
    """Lists the machines that run the platform, with their load and memory."""

    response = ManagementServerMetricsResponse


class _OfOne(BaseCmd):
    abstract = True
    roles = ROOT
    response = ManagementServerMaintenanceResponse

    server = Ref(
        "managementserverid", ManagementServer, access=Access.OPERATE, required=True, help="the management server"
    )

    def shown(self, found: Condition) -> dict[str, Any]:
        return {
            "managementserverid": str(found.server.uuid),
            "state": found.state,
            "maintenanceinitiated": found.server.wish == Wish.MAINTENANCE,
            "shutdowntriggered": found.server.shutdown_triggered is not None,
            "readyforshutdown": found.state in {"Maintenance", "ReadyToShutDown"},
            "pendingjobscount": found.jobs,
        }


class PrepareForMaintenance(_OfOne):
    """Has a management server take no more work; what it carries goes on to its end."""

    event_type = service.MS_MAINTENANCE_PREPARE
    since = "4.20.0"

    def execute(self) -> dict[str, Any]:
        return self.shown(ManagementServerManager().prepare_for_maintenance(caller=self.caller, server=self.server))


class CancelMaintenance(_OfOne):
    """Has a management server in maintenance take work again."""

    event_type = service.MS_MAINTENANCE_CANCEL
    since = "4.20.0"

    def execute(self) -> dict[str, Any]:
        return self.shown(ManagementServerManager().cancel_maintenance(caller=self.caller, server=self.server))


class PrepareForShutdown(_OfOne):
    """Has a management server take no more work so that it can be shut down."""

    event_type = service.MS_SHUTDOWN_PREPARE
    since = "4.19.0"

    def execute(self) -> dict[str, Any]:
        return self.shown(ManagementServerManager().prepare_for_shutdown(caller=self.caller, server=self.server))


class CancelShutdown(_OfOne):
    """Has a management server that was to be shut down take work again."""

    event_type = service.MS_SHUTDOWN_CANCEL
    since = "4.19.0"

    def execute(self) -> dict[str, Any]:
        return self.shown(ManagementServerManager().cancel_shutdown(caller=self.caller, server=self.server))


class ReadyForShutdown(_OfOne):
    """Tells whether a management server can be shut down, and how many jobs it still carries."""

    changes = False
    since = "4.19.0"

    def execute(self) -> dict[str, Any]:
        return self.shown(service.condition_of(self.server))


class TriggerShutdown(_OfOne):
    """Ends the platform on a management server that is ready for it. Jobs that wait are left to the others."""

    event_type = service.MS_SHUTDOWN
    since = "4.19.0"
    irreversible = "The platform ends on that machine; somebody has to start it there again."

    def execute(self) -> dict[str, Any]:
        return self.shown(ManagementServerManager().trigger_shutdown(caller=self.caller, server=self.server))


class RemoveManagementServer(BaseCmd):
    """Forgets a management server that is Down."""

    roles = ROOT
    response = SuccessResponse
    event_type = service.MS_REMOVE
    since = "4.20.0"

    server = Ref("id", ManagementServer, access=Access.MODIFY, required=True, help="the management server")

    def execute(self) -> None:
        ManagementServerManager().remove(caller=self.caller, server=self.server)
