"""Runs one periodic job, in one worker at a time."""

import logging
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from cloudstack.framework.context import calling
from cloudstack.framework.scheduler import registry
from cloudstack.framework.scheduler.models import ScheduledRun

log = logging.getLogger(__name__)

BUSY_S = 600
"""A run that takes longer than this is taken for dead."""


def run(name: str) -> bool:
    """Run the job ``name`` unless it runs already; its errors are logged and kept, never raised."""
    job = registry.get(name)
    if job is None:
        log.warning("no scheduled job is named %s; is its plugin enabled?", name)
        return False
    now = timezone.now()
    ScheduledRun.objects.get_or_create(name=name)
    free = Q(busy_until__isnull=True) | Q(busy_until__lt=now)
    recent = Q(started__gt=now - timedelta(seconds=job.every_s * 0.5))
    mine = ScheduledRun.objects.filter(free, name=name).exclude(recent)
    if mine.update(busy_until=now + timedelta(seconds=BUSY_S), started=now, runs=F("runs") + 1) != 1:
        return False
    error = ""
    try:
        with calling(None):
            job.function()
    except Exception as failure:
        log.exception("scheduled job %s failed", name)
        error = f"{type(failure).__name__}: {failure}"
    ScheduledRun.objects.filter(name=name).update(busy_until=None, finished=timezone.now(), error=error)
    return not error
