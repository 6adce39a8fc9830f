"""How quickly jobs go: one without work, and deployments by the hundred."""

import time
from typing import Any

from django.db import transaction

from cloudstack.framework.jobs import AsyncJob, dispatch
from tests.bench.figures import Figure, percentile
from tests.bench.noop import echo
from tests.support.cloud import SimulatedCloud

NOOPS = 200
DEPLOYS = 200
PATIENCE_S = 180


def noop_job() -> list[Figure]:
    """From submission to result, beside a bare task of Celery with a result."""
    bare = []
    for number in range(NOOPS):
        begun = time.perf_counter()
        echo.apply_async([number], queue="jobs").get(timeout=30)
        bare.append((time.perf_counter() - begun) * 1000)
    taken = []
    for _ in range(NOOPS):
        begun = time.perf_counter()
        with transaction.atomic():
            job = dispatch("bench.job.noop")
        _await([job.pk])
        taken.append((time.perf_counter() - begun) * 1000)
    floor = percentile(bare[10:], 50)
    return [
        Figure("no-op job, submission to result, p50", percentile(taken[10:], 50), "ms", floor, "bare Celery", aim=30),
        Figure(
            "no-op job, submission to result, p95", percentile(taken[10:], 95), "ms", percentile(bare[10:], 95), "p95"
        ),
    ]


def deployments(cloud: SimulatedCloud) -> list[Figure]:
    """Simulated deployments asked for one after the other through the API, while two workers carry them out."""
    begun, worked = time.perf_counter(), time.process_time()
    answers = [cloud.deploy(cloud.admin) for _ in range(DEPLOYS)]
    asked, worked = time.perf_counter() - begun, time.process_time() - worked
    jobs = {str(job.uuid): job.pk for job in AsyncJob.objects.filter(uuid__in=[one["jobid"] for one in answers])}
    _await(list(jobs.values()))
    taken = time.perf_counter() - begun
    failed = AsyncJob.objects.filter(pk__in=jobs.values()).exclude(status=AsyncJob.Status.SUCCEEDED)
    note = (
        f"{DEPLOYS} machines, the API took {asked:.1f} s of {taken:.1f} s, "
        f"{worked / DEPLOYS * 1000:.0f} ms of processor each"
        + (f", {failed.count()} FAILED: {failed.first().error_text}" if failed.exists() else "")
    )
    return [
        Figure(
            "simulated deployments", DEPLOYS / taken, "per s", _bare_tasks(), "bare Celery tasks",
            aim=20, more_is_better=True, note=note,
        )
    ]  # fmt: skip


def _bare_tasks() -> float:
    begun = time.perf_counter()
    results = [echo.apply_async([number], queue="jobs") for number in range(500)]
    for result in results:
        result.get(timeout=60)
    return 500 / (time.perf_counter() - begun)


def _await(pks: list[int]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    live: Any = AsyncJob.objects.filter(pk__in=pks, completed__isnull=True)
    while live.exists():
        if time.monotonic() > deadline:
            left = [(job.status, job.phase, job.progress_text) for job in live[:5]]
            raise RuntimeError(f"{live.count()} jobs have not ended in {PATIENCE_S} s: {left}")
        time.sleep(0.001 if len(pks) == 1 else 0.05)
