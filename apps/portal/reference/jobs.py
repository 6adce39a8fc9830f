"""The page of jobs: workflows with their steps, and periodic work."""

from apps.portal.reference import markdown
from cloudstack.framework.jobs import registry
from cloudstack.framework.scheduler.registry import ScheduledJob, all_jobs

INTRODUCTION = """\
What workers carry out. A workflow is a list of steps; the job engine stores where each job stands
([how it works](../explanation/job-engine.md)). Steps marked with ↩ are undone when a later one fails; the effect of the
others stays."""
PERIODIC = """\
Sent by Celery beat and run by one worker at a time."""


def page() -> str:
    return markdown.page(
        "Jobs",
        INTRODUCTION,
        "## Workflows",
        markdown.table(("name", "what it does", "steps"), map(_workflow, sorted(registry.names()))),
        "## Periodic work",
        PERIODIC,
        markdown.table(("name", "every", "what it does"), map(_scheduled, all_jobs())),
    )


def _workflow(name: str) -> tuple[str, str, str]:
    cls = registry.get(name)
    steps = [f"{step.title or step.__name__}{' ↩' if step.can_undo() else ''}" for step in cls.steps]
    shown = " → ".join(steps) if steps else "none: a change of the database alone"
    return markdown.code(name), cls.title, shown


def _scheduled(job: ScheduledJob) -> tuple[str, str, str]:
    return markdown.code(job.name), f"{job.every_s:g} s", markdown.sentence(job.description)
