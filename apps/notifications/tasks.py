"""What Celery runs."""

from celery import shared_task

from apps.notifications.services.bell import TASK
from apps.notifications.services.delivery import deliver_due


@shared_task(name=TASK, ignore_result=True)
def deliver() -> None:
    """Send what is due."""
    deliver_due()
