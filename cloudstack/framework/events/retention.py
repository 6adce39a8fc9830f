"""How long events stay on record."""

from datetime import timedelta

from django.utils import timezone

from cloudstack.framework.configuration.keys import ConfigKey
from cloudstack.framework.events.models import Event
from cloudstack.framework.scheduler import scheduled

EVENTS_KEPT_DAYS = ConfigKey(
    "event.purge.delay",
    int,
    90,
    "Days after which an event is removed; 0 keeps all for ever.",
    minimum=0,
)
BATCH = 5000
BATCHES = 200
"""In one run; what is left goes with the next."""


@scheduled("events.purge", every_s=3600)
def purge() -> int:
    """Remove events that are older than ``event.purge.delay``; answers how many."""
    kept_days = EVENTS_KEPT_DAYS.value()
    if not kept_days:
        return 0
    old = Event.objects.filter(created__lt=timezone.now() - timedelta(days=kept_days)).order_by("created")
    gone = 0
    for _ in range(BATCHES):
        batch = list(old.values_list("pk", flat=True)[:BATCH])
        gone += Event.objects.filter(pk__in=batch).delete()[0]
        if len(batch) < BATCH:
            break
    return gone
