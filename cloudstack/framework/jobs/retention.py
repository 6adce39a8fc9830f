"""How long jobs that have ended stay on record."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from cloudstack.framework.configuration.keys import ConfigKey
from cloudstack.framework.jobs.models import AsyncJob, JobLock, JobLog, JobStep
from cloudstack.framework.scheduler import scheduled

JOB_KEPT_MIN = ConfigKey(
    "job.expire.minutes",
    int,
    30 * 24 * 60,
    "Minutes for which a job that has ended is kept, counted from its submission; 0 keeps all for ever. A job that is "
    "gone cannot be retried, and queryAsyncJobResult knows it no more.",
    minimum=0,
)
BATCH = 1000
BATCHES = 200
"""In one run; what is left goes with the next."""


@scheduled("jobs.purge", every_s=3600)
def purge() -> int:
    """Remove jobs that ended long ago, with their steps and log; answers how many."""
    kept_min = JOB_KEPT_MIN.value()
    if not kept_min:
        return 0
    before = timezone.now() - timedelta(minutes=kept_min)
    old = AsyncJob.objects.filter(created__lt=before, completed__isnull=False).order_by("created")
    gone = 0
    for _ in range(BATCHES):
        batch = list(old.values_list("pk", flat=True)[:BATCH])
        with transaction.atomic():
            # A retry that comes in between makes the job live again: it stays, and so does what belongs to it.
            held = list(old.filter(pk__in=batch).select_for_update().values_list("pk", flat=True))
            for part in (JobLog, JobStep, JobLock):
                part.objects.filter(job__in=held).delete()
            gone += AsyncJob.objects.filter(pk__in=held).delete()[0]
        if len(batch) < BATCH:
            break
    return gone
