"""Raising alerts."""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.alerts.types import AlertType

REPEATED_WITHIN = timedelta(hours=24)
"""An alert about the same thing within this time is the same alert, seen again."""


def raise_alert(
    kind: AlertType, name: str, *, description: str, subject_uuid: Any = None, repeated: bool = False
) -> Alert:
    """Write an alert in the running transaction, or count one more on the open one about the same thing.

    ``repeated``: it is told again and again while it lasts, so that the open alert is not mailed anew.
    """
    now = timezone.now()
    same = Alert.objects.filter(
        type=kind, name=name[:255], subject_uuid=subject_uuid, archived=False, last_seen__gte=now - REPEATED_WITHIN
    )
    known = same.order_by("-pk").first()
    if known is None:
        return Alert.objects.create(
            type=kind, name=name[:255], description=description[:1024], subject_uuid=subject_uuid, last_seen=now
        )
    changes: dict[str, Any] = {"times_seen": F("times_seen") + 1, "last_seen": now, "description": description[:1024]}
    if not repeated:
        changes |= {"mailed": None, "carried": ""}
    Alert.objects.filter(pk=known.pk).update(**changes)
    return known
