"""The sweeper: finds jobs that nobody carries and rings for them again. Flushing the broker loses nothing."""

import logging
from datetime import timedelta

from celery.signals import worker_ready
from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from cloudstack.framework.jobs.bell import ring
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.jobs.owner import is_dead, machine
from cloudstack.framework.scheduler import scheduled

log = logging.getLogger(__name__)

BATCH = 500
OVERDUE_S = 5
"""A queued job younger than this has a bell on its way."""
SKEW_S = 2
"""By so much the clocks of machines may differ: a worker whose clock is behind finds a job due that was rung for."""


def free_dead_workers() -> int:
    """End the leases of workers of this machine that are dead; answers how many jobs that freed."""
    running = AsyncJob.objects.filter(status=AsyncJob.Status.RUNNING, owner__startswith=machine() + "#")
    freed = 0
    for job_id, owner, epoch in running.values_list("pk", "owner", "epoch"):
        if is_dead(owner):
            freed += AsyncJob.objects.filter(
                pk=job_id, owner=owner, epoch=epoch, status=AsyncJob.Status.RUNNING
            ).update(lease_until=timezone.now() - timedelta(seconds=1))
    return freed


@scheduled("jobs.sweep", every_s=settings.JOB_SWEEP_INTERVAL_S, limit_s=60)
def sweep() -> int:
    """Ring for jobs that are due or whose worker is gone; answers for how many."""
    freed = free_dead_workers()
    now = timezone.now()
    due = Q(status=AsyncJob.Status.PENDING, wake_at__lt=now - timedelta(seconds=OVERDUE_S))
    orphaned = Q(status=AsyncJob.Status.RUNNING, lease_until__lt=now)
    rows = list(
        AsyncJob.objects.filter(due | orphaned, completed__isnull=True)
        .order_by("wake_at")
        .values_list("pk", "queue")[:BATCH]
    )
    # To the end of the line, so that many that wait for locks do not hide others from the next sweep. Before the bell:
    # a worker that comes while the row is being written goes away again.
    AsyncJob.objects.filter(due, pk__in=[job_id for job_id, _ in rows]).update(wake_at=now - timedelta(seconds=SKEW_S))
    for job_id, queue in rows:
        ring(job_id, queue)
    if rows:
        log.info("the sweeper rang for %d jobs, %d of them from dead workers", len(rows), freed)
    return len(rows)


@worker_ready.connect
def _sweep_at_start(**_: object) -> None:
    """A worker that comes up looks at once for what its predecessor left."""
    sweep()
    # The main process forks: nobody inherits its connection.
    connection.close()
