"""Runs jobs in the test's own process, the way workers would, without a broker."""

from typing import Any

from django.utils import timezone

from apps.accounts.factories import root_caller
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import engine
from cloudstack.framework.jobs.control import JobManager
from cloudstack.framework.jobs.models import AsyncJob


class WorkerKilled(BaseException):
    """The process that runs a job ends here, without a word; another worker takes the job up."""


def run_jobs(limit: int = 1000, *, quiet: bool = True) -> int:
    """Run every job that can run until none is left that can; answers how many runs that took.

    Parked jobs are due at once: tests do not sleep. Without ``quiet`` it ends after ``limit`` runs, whatever is left.
    A worker that is killed (:class:`WorkerKilled`) is followed by another one.
    """
    runs = 0
    while runs < limit:
        AsyncJob.objects.filter(status=AsyncJob.Status.PENDING).update(wake_at=timezone.now())
        live = AsyncJob.objects.filter(status__in=AsyncJob.LIVE).order_by("pk").values_list("pk", flat=True)
        ran = sum(_run(pk) for pk in list(live))
        runs += ran
        if not ran:
            return runs
    if not quiet:
        return runs
    raise AssertionError(f"jobs are still not quiet after {limit} runs")


def _run(pk: int) -> bool:
    try:
        return engine.run(pk)
    except WorkerKilled:
        worker_died()
        return True


def run_job(job: AsyncJob) -> AsyncJob:
    """Run until quiet and answer the refreshed job."""
    run_jobs()
    job.refresh_from_db()
    return job


def cancel(job_uuid: Any, *, caller: Caller | None = None) -> None:
    """Ask a job to stop at its next step, as an operator does."""
    JobManager().cancel(caller=caller or root_caller(), job=AsyncJob.objects.get(uuid=job_uuid))


def worker_died() -> None:
    """Let every lease end, as if the workers that hold them had been killed."""
    AsyncJob.objects.filter(status=AsyncJob.Status.RUNNING).update(lease_until=timezone.now())
