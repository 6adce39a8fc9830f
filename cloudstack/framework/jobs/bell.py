"""Celery messages that say "wake up, job N" and nothing else. A lost or doubled one harms nothing."""

import logging

from celery import current_app
from django.conf import settings
from django.db import transaction

log = logging.getLogger(__name__)

TASK = "jobs.wake"


def ring(job_id: int, queue: str, *, delay_s: float = 0) -> None:
    """Send the wake-up now. A broker that is away is no error: the sweeper rings again."""
    if not getattr(settings, "JOB_BELL_ENABLED", True):
        return
    try:
        current_app.send_task(TASK, args=[job_id], queue=queue, countdown=delay_s or None, ignore_result=True)
    except Exception as error:  # the job is stored already: nothing may fail because a wake-up did
        log.warning("job %s is stored but its wake-up was not sent: %s", job_id, error)


def ring_on_commit(job_id: int, queue: str, *, delay_s: float = 0) -> None:
    transaction.on_commit(lambda: ring(job_id, queue, delay_s=delay_s))
