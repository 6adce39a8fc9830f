"""Runs one periodic job, in one worker at a time."""

import logging
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from cloudstack.framework.context import calling
from cloudstack.framework.jobs.owner import is_dead, me
from cloudstack.framework.scheduler import registry
from cloudstack.framework.scheduler.models import ScheduledRun

log = logging.getLogger(__name__)


def run(name: str, *, forced: bool = False) -> bool:
    """Run the job ``name`` unless it runs already or, without ``forced``, has just run.

    Its errors are logged and kept, never raised.
    """
    job = registry.get(name)
    if job is None:
        log.warning("no scheduled job is named %s; is its plugin enabled?", name)
        return False
    now = timezone.now()
    row, _ = ScheduledRun.objects.get_or_create(name=name)
    free = Q(busy_until__isnull=True) | Q(busy_until__lt=now)
    if row.busy_until and is_dead(row.owner):
        free |= Q(owner=row.owner, started=row.started)
    # Beat's message came twice, or two beats run.
    recent = Q(started__gt=now - timedelta(seconds=job.every_s * 0.5))
    mine = ScheduledRun.objects.filter(free, name=name)
    if not forced:
        mine = mine.exclude(recent)
    busy_until = now + timedelta(seconds=job.limit_s)
    if mine.update(busy_until=busy_until, started=now, owner=me(), runs=F("runs") + 1) != 1:
        return False
    error = "interrupted"
    try:
        with calling(None):
            job.function()
        error = ""
    except Exception as failure:
        log.exception("scheduled job %s failed", name)
        error = f"{type(failure).__name__}: {failure}"
    finally:
        # Only this run: another may have begun when this one was taken for dead.
        ScheduledRun.objects.filter(name=name, started=now, owner=me()).update(
            busy_until=None, finished=timezone.now(), error=error
        )
    return not error
