"""A Celery message that says "deliveries are due" and nothing else; the sweep finds what a lost one leaves."""

import logging

from celery import current_app
from django.conf import settings

log = logging.getLogger(__name__)

TASK = "notifications.deliver"


def ring() -> None:
    """Wake a worker. A broker that is away is no error."""
    if not getattr(settings, "JOB_BELL_ENABLED", True):
        return
    try:
        current_app.send_task(TASK, queue="jobs", ignore_result=True)
    except Exception as error:  # the deliveries are stored
        log.warning("the broker was not reached: %s", error)
