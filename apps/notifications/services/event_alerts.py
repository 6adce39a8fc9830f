"""Which events are alerts too."""

from apps.infrastructure.events import HOST_RESOURCE_STATE, HOST_STATE
from apps.storage.events import TEMPLATE_DOWNLOAD_FAILED
from cloudstack.framework.alerts.service import raise_alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.events.models import Event

ALERTING: dict[str, AlertType] = {
    HOST_STATE: AlertType.HOST,
    HOST_RESOURCE_STATE: AlertType.HOST,
    TEMPLATE_DOWNLOAD_FAILED: AlertType.UPLOAD_FAILED,
}
"""Type of an event → alert, when its level is WARN or ERROR."""


def alert_for(event: Event) -> None:
    """Raise the alert that ``event`` calls for, in its transaction."""
    kind = ALERTING.get(event.type)
    if kind is None or event.level == Event.Level.INFO:
        return
    raise_alert(kind, f"{event.resource_name}", description=event.description, subject_uuid=event.resource_uuid)
