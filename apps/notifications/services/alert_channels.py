"""Alerts by the channels of plugins: by a worker, each channel by itself."""

import re
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from cloudstack.framework.alerts.channels import AlertChannel, AlertNotice
from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.plugins.manager import pm

HOOK = "register_alert_channels"
TRIED_FOR = timedelta(days=1)
"""A channel that does not work for longer has lost what it was to carry; so has one that is new."""
BATCH = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")

_channels: dict[str, tuple[str, AlertChannel]] = {}


def register_plugin_channels() -> None:
    """Take in what plugins give; a name may be there once."""
    pm.take(HOOK, _add, _drop)


def _add(plugin: str, channel: Any) -> None:
    if not isinstance(channel, AlertChannel) or not _NAME.fullmatch(channel.name):
        raise ImproperlyConfigured(
            f"{HOOK}: {channel!r} is no AlertChannel with a name of lower-case letters and digits"
        )
    if channel.name in _channels:
        raise ImproperlyConfigured(
            f"{HOOK}: there is a channel {channel.name!r} of {_channels[channel.name][0]} already"
        )
    _channels[channel.name] = (plugin, channel)


def _drop(channel: AlertChannel) -> None:
    _channels.pop(channel.name, None)


def send_new() -> int:
    """Give every channel the alerts that it has not carried yet; answers how many times an alert was carried."""
    return sum(_sent(plugin, channel) for plugin, channel in list(_channels.values()))


def _sent(plugin: str, channel: AlertChannel) -> int:
    mark = f"{channel.name},"
    waiting = Alert.objects.filter(archived=False, last_seen__gte=timezone.now() - TRIED_FOR)
    alerts = list(waiting.exclude(carried__contains=f",{mark}").order_by("last_seen", "pk")[:BATCH])
    if not alerts:
        return 0
    try:
        pm.strict(plugin, HOOK, lambda: channel.send([_notice(alert) for alert in alerts]))
    except Exception:
        return 0  # named in the log; the next run tries again
    for alert in alerts:
        # Seen again meanwhile: it is to be carried anew.
        same = Alert.objects.filter(pk=alert.pk, carried=alert.carried)
        same.update(carried=Concat(F("carried"), Value(mark if alert.carried else f",{mark}")))
    return len(alerts)


def _notice(alert: Alert) -> AlertNotice:
    return AlertNotice(
        uuid=str(alert.uuid),
        type=alert.get_type_display(),
        name=alert.name,
        description=alert.description,
        subject_uuid=str(alert.subject_uuid or ""),
        created=alert.created,
        last_seen=alert.last_seen,
        times_seen=alert.times_seen,
    )
