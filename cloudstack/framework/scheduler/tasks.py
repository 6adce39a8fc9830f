"""What Celery beat sends and Celery workers run."""

from celery import Celery, shared_task

from cloudstack.framework.scheduler import registry, runner

TASK = "scheduler.run"


@shared_task(name=TASK, ignore_result=True)
def run(name: str, forced: bool = False) -> None:
    runner.run(name, forced=forced)


def fill_schedule(app: Celery) -> None:
    """Give beat what code and plugins declare; nothing of it is stored."""
    app.conf.beat_schedule = {
        job.name: {
            "task": TASK,
            "schedule": job.every_s,
            "args": [job.name],
            "options": {"queue": "jobs", "expires": job.every_s},
        }
        for job in registry.all_jobs()
    }
