"""Named locks of jobs: exclusive or shared, first in first out by job id, taken all at once or not at all."""

import hashlib
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q

from cloudstack.framework.jobs.models import AsyncJob, JobLock

WAKE_SHARED = 50
"""How many waiting readers of one lock are woken at once; the sweeper wakes the rest."""


def serialise(names: Iterable[str]) -> None:
    """Let only one transaction at a time decide about these locks, in one global order.

    SQLite has a single writer, and our transactions there begin as writers.
    """
    if connection.vendor != "postgresql":
        return
    keys = sorted(int.from_bytes(hashlib.blake2b(n.encode(), digest_size=8).digest(), signed=True) for n in names)
    if keys:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k", [keys])


def try_grant(job: AsyncJob) -> bool:
    """Inside the claim's transaction: take all locks of ``job`` or none."""
    locks = list(job.locks.all())
    waiting = [lock for lock in locks if not lock.granted]
    if not waiting:
        return True
    serialise(lock.name for lock in waiting)
    exclusive = [lock.name for lock in waiting if lock.exclusive]
    shared = [lock.name for lock in waiting if not lock.exclusive]
    blocked = (
        JobLock.objects.filter(Q(granted=True) | Q(job_id__lt=job.pk))
        .filter(Q(name__in=exclusive) | Q(name__in=shared, exclusive=True))
        .exclude(job_id=job.pk)
        .exists()
    )
    if blocked:
        return False
    JobLock.objects.filter(job_id=job.pk).update(granted=True)
    return True


def release(job: AsyncJob) -> list[int]:
    """Inside the job's last transaction: give the locks back; answers the ids of jobs that may go on."""
    names = list(job.locks.values_list("name", flat=True))
    if not names:
        return []
    JobLock.objects.filter(job_id=job.pk).delete()
    heads: dict[str, list[tuple[int, bool]]] = {}
    rows = JobLock.objects.filter(name__in=names, granted=False).order_by("job_id")
    for name, job_id, exclusive in rows.values_list("name", "job_id", "exclusive")[: 4 * WAKE_SHARED]:
        queue = heads.setdefault(name, [])
        if not queue or (not exclusive and not queue[0][1] and len(queue) < WAKE_SHARED):
            queue.append((job_id, exclusive))
    return sorted({job_id for queue in heads.values() for job_id, _ in queue})
