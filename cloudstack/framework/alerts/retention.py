"""How long alerts stay on record."""

from datetime import timedelta

from django.utils import timezone

from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.configuration.keys import ConfigKey
from cloudstack.framework.scheduler import scheduled

ALERTS_KEPT_DAYS = ConfigKey(
    "alert.purge.delay", int, 0, "Days after which an alert is removed; 0 keeps all for ever.", minimum=0
)


@scheduled("alerts.purge", every_s=3600)
def purge() -> int:
    """Remove alerts that are older than ``alert.purge.delay``; answers how many."""
    kept_days = int(ALERTS_KEPT_DAYS.value())
    if not kept_days:
        return 0
    return Alert.objects.filter(created__lt=timezone.now() - timedelta(days=kept_days)).delete()[0]
