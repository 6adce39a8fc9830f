"""Holding a job: claim, lease, epoch. Every write of a worker says which epoch it belongs to."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from cloudstack.framework.jobs import locks
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.jobs.owner import me
from cloudstack.framework.nodes.drain import draining
from cloudstack.framework.rows import update_where

log = logging.getLogger(__name__)


class LeaseLostError(Exception):
    """Another worker owns the job now: stop at once and write nothing."""


class CancelledError(Exception):
    """The job is to be cancelled at this step boundary."""


def claim(job_id: int, *, on_first: Callable[[AsyncJob], None] | None = None) -> AsyncJob | None:
    """Take the job and all its locks in one transaction, or neither; None when it is not to be had.

    ``on_first`` is called in the same transaction when no worker had the job before. A machine that is to take no more
    work has none: the sweep rings again, until another one answers or this one is back.
    """
    if draining():
        return None
    while True:
        job, granted = _try_to_claim(job_id, on_first)
        if job is None or granted:
            return job
        # Who held the locks may have given them back between the look at them and the commit. Whoever was rung for
        # that found the row held and went on to other work: nobody else will come for this job.
        if not locks.could_be_granted(job):
            return None


def _try_to_claim(job_id: int, on_first: Callable[[AsyncJob], None] | None) -> tuple[AsyncJob | None, bool]:
    """The job, unless it is not free or somebody has its row; and whether it and its locks are taken now."""
    now = timezone.now()
    free = Q(status=AsyncJob.Status.PENDING, wake_at__lte=now) | Q(status=AsyncJob.Status.RUNNING, lease_until__lt=now)
    # A row that somebody holds is not waited for: a worker that was stopped inside a transaction must not stop
    # those that come for its job. Who sets a job free rings for it after the commit. SQLite has one writer, and
    # this transaction is one from its beginning.
    found = AsyncJob.objects.select_for_update(skip_locked=True, no_key=True).filter(free, pk=job_id).order_by()
    with transaction.atomic():
        # From here on nobody else can write the row: what an earlier owner stored last is in it.
        job = next(iter(found), None)
        if job is None or not locks.try_grant(job):
            return job, False
        changes = {
            "status": AsyncJob.Status.RUNNING,
            "owner": me(),
            "epoch": job.epoch + 1,
            "lease_until": now + timedelta(seconds=settings.JOB_LEASE_S),
            "started": job.started or now,
        }
        update_where(AsyncJob, {"pk": job_id}, changes)
        for name, value in changes.items():
            setattr(job, name, value)
        if on_first and job.epoch == 1:
            on_first(job)
    return job, True


class Ownership:
    """The lease on one claimed job; a context manager that renews it from a thread of its own."""

    def __init__(self, job: AsyncJob):
        self.job = job
        self.epoch = job.epoch
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._renew, name=f"lease-{self.job.pk}", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=1)

    def mine(self) -> Any:
        """The job's row, as long as this worker owns it."""
        return AsyncJob.objects.filter(**self._mark())

    def write(self, **changes: Any) -> None:
        """Change the job's row under the fence; raises ``LeaseLostError`` when another worker took it."""
        changes.setdefault("lease_until", timezone.now() + timedelta(seconds=settings.JOB_LEASE_S))
        if self._lost.is_set() or update_where(AsyncJob, self._mark(), changes) != 1:
            raise LeaseLostError(f"job {self.job.uuid} belongs to another worker")
        for name, value in changes.items():
            setattr(self.job, name, value)

    def _mark(self) -> dict[str, Any]:
        """What the job's row says as long as this worker owns it."""
        return {"pk": self.job.pk, "epoch": self.epoch, "status": AsyncJob.Status.RUNNING}

    def fence(self) -> None:
        """First statement of a step's transaction: holds the job's row until the commit."""
        self.write()

    def boundary(self, **changes: Any) -> None:
        """Like ``write`` at a step boundary: raises ``CancelledError`` when the job is to be cancelled."""
        changes.setdefault("lease_until", timezone.now() + timedelta(seconds=settings.JOB_LEASE_S))
        if self._lost.is_set() or update_where(AsyncJob, self._mark() | {"cancel_requested": False}, changes) != 1:
            if not self._lost.is_set() and self.mine().exists():
                raise CancelledError("cancelled on request")
            raise LeaseLostError(f"job {self.job.uuid} belongs to another worker")
        for name, value in changes.items():
            setattr(self.job, name, value)

    def check(self) -> None:
        """A job that already turned back is not turned again: then only the ownership counts."""
        if self.job.phase == AsyncJob.Phase.FORWARD:
            self.boundary()
        else:
            self.write()

    def show_progress(self, percent: int, text: str) -> None:
        """Write the progress of the present step into the job's own percentage."""
        steps = max(1, getattr(self.job, "step_count", 1))
        done = getattr(self.job, "steps_done", 0)
        whole = int((done * 100 + min(max(percent, 0), 100)) / steps)
        self.write(progress=min(whole, 99), progress_text=text[:255])

    def _renew(self) -> None:
        interval = settings.JOB_LEASE_S / 3
        while not self._stop.wait(interval):
            try:
                until = timezone.now() + timedelta(seconds=settings.JOB_LEASE_S)
                if update_where(AsyncJob, self._mark(), {"lease_until": until}) != 1:
                    self._lost.set()
                    break
            except DatabaseError as error:
                log.warning("the lease on job %s was not renewed: %s", self.job.uuid, error)
        connection.close()
