"""Runs jobs in the test's own process, the way workers would, without a broker."""

from django.utils import timezone

from cloudstack.framework.jobs import engine
from cloudstack.framework.jobs.models import AsyncJob


def run_jobs(limit: int = 1000) -> int:
    """Run every job that can run until none is left that can; answers how many runs that took.

    Parked jobs are due at once: tests do not sleep.
    """
    runs = 0
    while runs < limit:
        AsyncJob.objects.filter(status=AsyncJob.Status.PENDING).update(wake_at=timezone.now())
        live = AsyncJob.objects.filter(status__in=AsyncJob.LIVE).order_by("pk").values_list("pk", flat=True)
        ran = sum(engine.run(pk) for pk in list(live))
        runs += ran
        if not ran:
            return runs
    raise AssertionError(f"jobs are still not quiet after {limit} runs")


def run_job(job: AsyncJob) -> AsyncJob:
    """Run until quiet and answer the refreshed job."""
    run_jobs()
    job.refresh_from_db()
    return job


def worker_died() -> None:
    """Let every lease end, as if the workers that hold them had been killed."""
    AsyncJob.objects.filter(status=AsyncJob.Status.RUNNING).update(lease_until=timezone.now())
