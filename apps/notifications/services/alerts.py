"""What administrators do with alerts."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.notifications.events import ALERT_GENERATE
from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob, dispatch


class AlertManager:
    """Puts alerts aside, deletes them, and has one written."""

    def archive(self, *, caller: Caller, alerts: QuerySet[Alert]) -> int:
        return alerts.update(archived=True)

    @transaction.atomic
    def delete(self, *, caller: Caller, alerts: QuerySet[Alert]) -> int:
        return int(alerts.delete()[0])

    def generate(
        self, *, caller: Caller, kind: AlertType, name: str, description: str, subject: Any = None
    ) -> AsyncJob:
        """Start the job that writes an alert about ``subject``, a zone or a pod."""
        return dispatch(
            "notifications.alert.generate",
            caller=caller,
            event_type=ALERT_GENERATE,
            description=f"alert {name}",
            arguments={
                "kind": int(kind),
                "name": name,
                "description": description,
                "subject_uuid": str(subject.uuid) if subject is not None else "",
            },
        )
