"""Named locks of jobs: exclusive or shared, first in first out by job id, taken all at once or not at all."""

import hashlib
from collections.abc import Iterable

from django.db import connection
from django.db.models import Exists, Q, QuerySet, Window
from django.db.models.functions import RowNumber

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
    """Inside the claim's transaction: take all locks of the job or none; True also when there is none to take."""
    own = JobLock.objects.filter(job_id=job.pk)
    if not job.lock_names or (job.epoch > 0 and not own.filter(granted=False).exists()):
        return True
    serialise(name for name, _ in job.lock_names)
    return _to_be_had(job).update(granted=True) > 0


def could_be_granted(job: AsyncJob) -> bool:
    """After a claim that did not get the locks: whether they are free by now."""
    return _to_be_had(job).filter(granted=False).exists()


def _to_be_had(job: AsyncJob) -> QuerySet[JobLock]:
    """The job's own locks, all of them or none: nobody else holds one of them or came first."""
    exclusive = [name for name, alone in job.lock_names if alone]
    shared = [name for name, alone in job.lock_names if not alone]
    others = (
        JobLock.objects.filter(Q(granted=True) | Q(job_id__lt=job.pk))
        .filter(Q(name__in=exclusive) | Q(name__in=shared, exclusive=True))
        .exclude(job_id=job.pk)
    )
    return JobLock.objects.filter(~Exists(others), job_id=job.pk)


def release(job: AsyncJob) -> None:
    """Inside the job's last transaction: give the locks back."""
    if job.lock_names:
        JobLock.objects.filter(job_id=job.pk).delete()


def next_in_line(job: AsyncJob) -> list[tuple[int, str]]:
    """After the commit of ``release``: jobs (id, queue) that may be able to go on now.

    Read after the commit, so that a job which found the lock taken a moment before is among them.
    """
    if not job.lock_names:
        return []
    written = [name for name, exclusive in job.lock_names if exclusive]
    read = [name for name, exclusive in job.lock_names if not exclusive]
    # Readers never waited for a reader: those in line have bells of their own on the way. Ringing for them at each
    # reader's end would cost a burst of n jobs n times n wake-ups.
    freed = Q(name__in=written) | Q(name__in=read, exclusive=True)
    in_line = JobLock.objects.filter(freed, granted=False).order_by("job_id")
    columns = ("name", "job_id", "exclusive", "job__queue")
    rows = list(in_line.values_list(*columns)[:WAKE_SHARED])
    if len(rows) == WAKE_SHARED:
        # A long line must not hide a short one.
        place = Window(RowNumber(), partition_by="name", order_by="job_id")
        rows = list(in_line.annotate(place=place).filter(place__lte=WAKE_SHARED).values_list(*columns))
    lines: dict[str, list[bool]] = {}
    found: dict[int, str] = {}
    for name, job_id, exclusive, queue in rows:
        before = lines.setdefault(name, [])
        # The first of a line, and the readers that follow a first reader directly.
        if not before or not (exclusive or any(before)):
            found[job_id] = queue
        before.append(exclusive)
    return sorted(found.items())
