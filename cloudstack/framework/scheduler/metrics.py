"""Figures of periodic jobs."""

from collections.abc import Iterator

from cloudstack.framework.metrics import Collector, Family, Kind, Sample, register
from cloudstack.framework.scheduler import registry
from cloudstack.framework.scheduler.models import ScheduledRun

_JOB = ("job",)
LAST = Family("cloudstack_scheduled_job_last_start_timestamp_seconds", "When the periodic job began last.", _JOB)
FAILED = Family("cloudstack_scheduled_job_failed", "Whether its last run ended with an error.", _JOB)
EVERY = Family("cloudstack_scheduled_job_interval_seconds", "How often it is to run.", _JOB)
RUNS = Family("cloudstack_scheduled_job_runs_total", "How often it was run.", _JOB, Kind.COUNTER)


def _read() -> Iterator[Sample]:
    intervals = {job.name: job.every_s for job in registry.all_jobs()}
    rows = ScheduledRun.objects.filter(name__in=list(intervals)).order_by("name")
    for name, started, error, runs in rows.values_list("name", "started", "error", "runs"):
        if started is not None:
            yield LAST, (name,), started.timestamp()
        yield FAILED, (name,), int(bool(error))
        yield EVERY, (name,), intervals[name]
        yield RUNS, (name,), runs


register(Collector("periodic jobs", (LAST, FAILED, EVERY, RUNS), _read))
