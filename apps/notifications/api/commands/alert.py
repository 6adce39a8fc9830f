"""Alerts: listed, put aside, deleted, written by hand."""

from typing import Any

from django.db.models import QuerySet

from apps.infrastructure.models import Pod, Zone
from apps.notifications.api.responses.alert import AlertResponse, AlertTypeResponse
from apps.notifications.selectors.alerts import alerts_visible_to
from apps.notifications.services.alerts import AlertManager
from cloudstack.api import ROOT, Access, BaseAsyncCmd, BaseCmd, BaseListCmd, Choice, Date, Int, Ref, RefList, Str
from cloudstack.api.responses import SuccessResponse
from cloudstack.api.roles import RoleSet
from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.context import RoleType
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob

WATCHERS: RoleSet = ROOT | {RoleType.RESOURCE_ADMIN}


class ListAlerts(BaseListCmd):
    """Lists alerts that were not put aside, the newest first."""

    roles = WATCHERS
    response = AlertResponse
    keyword_fields = ("name", "description")
    ordering = ("-id",)
    ids_filter = None

    kind = Choice("type", [str(kind.value) for kind in AlertType], lookup="type", help="alerts of this kind, by number")
    alert_name = Str("name", lookup="name", help="alerts with exactly this name")

    def queryset(self) -> QuerySet[Alert]:
        return alerts_visible_to(caller=self.caller).filter(archived=False)


class ListAlertTypes(BaseCmd):
    """Lists the kinds of alerts."""

    roles = ROOT
    response = AlertTypeResponse
    list_shaped = True

    def execute(self) -> list[dict[str, Any]]:
        return [{"alerttypeid": kind.value, "name": kind.label} for kind in AlertType]


class _SomeAlerts(BaseCmd):
    """A command on alerts that are named, or chosen by kind and time."""

    abstract = True
    roles = ROOT
    response = SuccessResponse

    alerts = RefList("ids", Alert, access=Access.MODIFY, help="these alerts")
    kind = Choice("type", [str(kind.value) for kind in AlertType], help="alerts of this kind, by number")
    start_date = Date("startdate", help="alerts from this time on")
    end_date = Date("enddate", end_of_day=True, help="alerts until this time")

    def chosen(self) -> QuerySet[Alert]:
        """Raises ``InvalidParameter`` when nothing narrows the choice."""
        asked = {
            "pk__in": [alert.pk for alert in self.alerts] if self.alerts else None,
            "type": self.kind,
            "created__gte": self.start_date,
            "created__lte": self.end_date,
        }
        filters = {path: value for path, value in asked.items() if value is not None}
        if not filters:
            raise InvalidParameter("give ids, type, startdate or enddate", parameter="ids")
        return alerts_visible_to(caller=self.caller, access=Access.MODIFY).filter(**filters)


class ArchiveAlerts(_SomeAlerts):
    """Puts alerts aside: they are settled, and lists no longer show them."""

    def execute(self) -> None:
        AlertManager().archive(caller=self.caller, alerts=self.chosen())


class DeleteAlerts(_SomeAlerts):
    """Deletes alerts."""

    def execute(self) -> None:
        AlertManager().delete(caller=self.caller, alerts=self.chosen())


class GenerateAlert(BaseAsyncCmd):
    """Writes an alert by hand."""

    roles = ROOT
    response = SuccessResponse
    since = "4.3"

    kind = Int("type", required=True, help="number of its kind; listAlertTypes names them")
    alert_name = Str("name", required=True, help="what it is about")
    description = Str("description", required=True, max_length=999, help="what is the matter")
    zone = Ref("zoneid", Zone, help="zone that it is about")
    pod = Ref("podid", Pod, help="pod that it is about")

    def execute(self) -> AsyncJob:
        if self.kind not in AlertType.values:
            raise InvalidParameter(
                f"there is no kind of alert {self.kind}", parameter="type", remedy="listAlertTypes names the kinds"
            )
        return AlertManager().generate(
            caller=self.caller,
            kind=AlertType(self.kind),
            name=self.alert_name,
            description=self.description,
            subject=self.pod or self.zone,
        )
