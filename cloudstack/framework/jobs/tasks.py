"""What Celery runs: wake-ups of jobs. The message carries the job's number and nothing else."""

from celery import shared_task
from celery.signals import task_prerun

from cloudstack.framework.jobs import bell, engine
from cloudstack.framework.transactions import drop_broken_connections


@shared_task(name=bell.TASK, ignore_result=True)
def wake(job_id: int) -> None:
    """Carry the job as far as it goes, if it is to be had."""
    engine.run(job_id)


@task_prerun.connect
def _before_each_task(**_: object) -> None:
    drop_broken_connections()
