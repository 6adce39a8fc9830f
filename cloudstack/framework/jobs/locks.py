"""Named locks of jobs: exclusive or shared, first in first out by job id, taken all at once or not at all."""

import hashlib
from collections.abc import Iterable

from django.db import connection
from django.db.models import Exists, Q, Window
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


def try_grant(job_id: int) -> bool:
    """Inside the claim's transaction: take all locks of the job or none; True also when there is none to take."""
    own = JobLock.objects.filter(job_id=job_id)
    waiting = list(own.filter(granted=False).values_list("name", "exclusive"))
    if not waiting:
        return True
    serialise(name for name, _ in waiting)
    exclusive = [name for name, alone in waiting if alone]
    shared = [name for name, alone in waiting if not alone]
    others = (
        JobLock.objects.filter(Q(granted=True) | Q(job_id__lt=job_id))
        .filter(Q(name__in=exclusive) | Q(name__in=shared, exclusive=True))
        .exclude(job_id=job_id)
    )
    return own.filter(~Exists(others)).update(granted=True) > 0


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
    alone = {name: exclusive for name, exclusive in job.lock_names}
    place = Window(RowNumber(), partition_by="name", order_by="job_id")
    rows = (
        JobLock.objects.filter(name__in=list(alone), granted=False)
        .annotate(place=place)
        .filter(Q(place=1) | Q(place__lte=WAKE_SHARED, name__in=[name for name in alone if alone[name]]))
        .order_by("name", "place")
        .values_list("name", "job_id", "exclusive", "job__queue")
    )
    lines: dict[str, list[bool]] = {}
    found: dict[int, str] = {}
    for name, job_id, exclusive, queue in rows:
        before = lines.setdefault(name, [])
        if before:
            # The readers that follow a first reader directly.
            goes = not (exclusive or any(before))
        else:
            # Readers did not wait for a reader: those in line have bells of their own on the way. Ringing for them
            # at each reader's end would cost a burst of n jobs n times n wake-ups.
            goes = exclusive or alone[name]
        if goes:
            found[job_id] = queue
        before.append(exclusive)
    return sorted(found.items())
