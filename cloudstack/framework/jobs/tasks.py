"""What Celery runs: wake-ups of jobs. The message carries the job's number and nothing else."""

from celery import shared_task
from django.db import close_old_connections

from cloudstack.framework.jobs import bell, engine


@shared_task(name=bell.TASK, ignore_result=True)
def wake(job_id: int) -> None:
    """Carry the job as far as it goes, if it is to be had."""
    # Connections outlive the message (CELERY_DB_REUSE_MAX); one that broke or grew old does not.
    close_old_connections()
    engine.run(job_id)
