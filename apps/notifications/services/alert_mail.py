"""Alerts by mail."""

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from apps.notifications.config import ALERT_ADDRESSES, ALERT_SENDER
from cloudstack.framework.alerts.models import Alert

log = logging.getLogger(__name__)

BATCH = 100


def mail_new() -> int:
    """One message with all alerts that were not mailed yet; answers how many. A mail server that is away is asked
    again with the next run."""
    addresses = [part.strip() for part in str(ALERT_ADDRESSES.value()).split(",") if part.strip()]
    if not addresses:
        return 0
    alerts = list(Alert.objects.filter(mailed__isnull=True, archived=False).order_by("created")[:BATCH])
    if not alerts:
        return 0
    lines = [
        f"{alert.last_seen:%Y-%m-%d %H:%M} UTC  {alert.get_type_display()}  {alert.name}: {alert.description}"
        for alert in alerts
    ]
    subject = f"[cloudstack] {alerts[0].name}" + (f" and {len(alerts) - 1} more" if len(alerts) > 1 else "")
    sender = str(ALERT_SENDER.value()) or settings.DEFAULT_FROM_EMAIL
    try:
        send_mail(subject.replace("\n", " ")[:200], "\n".join(lines), sender, addresses)
    except OSError as error:
        log.warning("alerts could not be mailed: %s", error)
        return 0
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(mailed=timezone.now())
    return len(alerts)
