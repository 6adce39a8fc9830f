"""A job without work and a task without a job: what the engine costs, and what Celery alone costs.

Workers import this module (``celery --include``), so that both exist there.
"""

from celery import shared_task

from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class Nothing(Step):
    title = "Do nothing"

    def do(self, ctx: JobContext) -> None:
        return None


@workflow("bench.job.noop")
class Noop(Workflow):
    title = "A job without work"
    steps = [Nothing]


@shared_task(name="bench.echo", ignore_result=False)
def echo(value: int) -> int:
    return value
