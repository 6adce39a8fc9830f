"""Figures of jobs: which end how, which wait, and what lies in the queues of the workers."""

import time
from collections.abc import Iterator
from typing import Any

from celery import current_app
from celery.signals import task_postrun, task_prerun
from django.db.models import Count, Min
from django.utils import timezone
from kombu.exceptions import OperationalError

from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.metrics import Collector, Counter, Family, Sample, register

FINISHED = Counter(
    "cloudstack_jobs_finished_total",
    "Jobs that ended, by command (or workflow, where no command began it) and outcome: succeeded, failed, cancelled.",
    ("command", "outcome"),
    most=3000,
)
SECONDS = Counter(
    "cloudstack_jobs_run_seconds_total",
    "Time from the first start of jobs to their end, by command.",
    ("command",),
    resolution=1e-3,
)
TASKS = Counter("cloudstack_celery_tasks_total", "Tasks that Celery workers ran, by name and state.", ("task", "state"))
TASK_SECONDS = Counter(
    "cloudstack_celery_task_seconds_total", "Time that Celery workers spent on tasks.", ("task",), resolution=1e-6
)
LIVE = Family("cloudstack_jobs", "Jobs that wait (pending) or run, by queue.", ("queue", "status"))
OLDEST = Family("cloudstack_jobs_oldest_pending_seconds", "How long the oldest job that could run has waited.")
QUEUED = Family("cloudstack_celery_queue_messages", "Messages that no worker has fetched yet, by queue.", ("queue",))


def count_finished(job: AsyncJob) -> None:
    """After the commit of the job's end."""
    command = job.command or job.name
    FINISHED.add(command=command, outcome=job.status)
    if job.started is not None and job.completed is not None:
        SECONDS.add(max(0.0, (job.completed - job.started).total_seconds()), command=command)


def _jobs() -> Iterator[Sample]:
    live = AsyncJob.objects.filter(completed__isnull=True, status__in=AsyncJob.LIVE)
    counted = {
        (queue, status): count
        for queue, status, count in live.order_by().values_list("queue", "status").annotate(count=Count("pk"))
    }
    for queue in sorted({"jobs", *(queue for queue, _ in counted)}):
        for status in AsyncJob.LIVE:
            yield LIVE, (queue, str(status)), counted.get((queue, str(status)), 0)
    now = timezone.now()
    due = live.filter(status=AsyncJob.Status.PENDING, wake_at__lte=now).aggregate(oldest=Min("wake_at"))["oldest"]
    yield OLDEST, (), (now - due).total_seconds() if due is not None else 0.0


def _queues() -> Iterator[Sample]:
    """Asked of the broker; one that is not there has no figures."""
    queues = {"jobs", *AsyncJob.objects.filter(completed__isnull=True).order_by().values_list("queue", flat=True)}
    with current_app.connection_for_read() as connection:
        connection.ensure_connection(max_retries=1, timeout=5)
        channel = connection.default_channel
        for queue in sorted(queues):
            try:
                yield QUEUED, (queue,), channel.queue_declare(queue=queue, passive=True).message_count
            except connection.channel_errors:  # no queue of that name before its first message
                yield QUEUED, (queue,), 0
            except OperationalError:
                return


_begun: dict[str, float] = {}


@task_prerun.connect
def _task_begins(task_id: str, **_: Any) -> None:
    _begun[task_id] = time.perf_counter()


@task_postrun.connect
def _task_ends(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    begun = _begun.pop(task_id, None)
    TASKS.add(task=task.name, state=str(state or "unknown").lower())
    if begun is not None:
        TASK_SECONDS.add(time.perf_counter() - begun, task=task.name)


register(
    FINISHED,
    SECONDS,
    TASKS,
    TASK_SECONDS,
    Collector("jobs", (LIVE, OLDEST), _jobs, every_s=15),
    Collector("queues", (QUEUED,), _queues, every_s=15),
)
