"""Alerts on the wire."""

from cloudstack.api import DATE, INT, STRING, Field, Response
from cloudstack.framework.alerts.models import Alert


class AlertResponse(Response):
    object_name = "alert"
    model = Alert

    id = Field("uuid", help="UUID of the alert")
    type = Field(type=INT, help="number of its kind; listAlertTypes names them")
    name = Field(help="what it is about")
    description = Field(help="what is the matter")
    sent = Field("last_seen", type=DATE, help="when it was last seen")


class AlertTypeResponse(Response):
    object_name = "alerttype"

    alerttypeid = Field(type=INT, help="its number")
    type_name = Field(wire="name", type=STRING, help="its name")
