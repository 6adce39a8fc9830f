"""``plan=true``: what a command would do, found by doing it in a transaction that is rolled back.

What refuses the command refuses its plan, with the same words. Of the jobs that it would start each step tells what it
would change; nothing outside the database is asked or touched.
"""

from collections.abc import Callable
from typing import Any

from cloudstack.api.base import BaseCmd
from cloudstack.api.fields import BOOL, LIST, Field
from cloudstack.api.responses import Response
from cloudstack.framework.context import Caller, executing
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs import registry
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.jobs.steps import JobContext
from cloudstack.framework.rehearsal import Rehearsal, rehearsing

Section = Callable[[Rehearsal, Caller], Any]
_sections: dict[str, Section] = {}


class PlanResponse(Response):
    """What a command would do."""

    object_name = "plan"

    command = Field(help="name of the command")
    description = Field(help="what the command does")
    succeeds = Field(type=BOOL, help="whether its jobs would succeed, as far as the database knows")
    jobs = Field(
        type=LIST, help="the jobs that it would start: title, the object, the ordered steps, and why one would fail"
    )
    placement = Field(type=LIST, help="where machines would run, with the reasons against other hosts")
    quota = Field(type=LIST, help="counters of limits that change: owner, type, before, after, limit")
    events = Field(type=LIST, help="events that it would write at once: type and description")
    cannotbeundone = Field(type=LIST, help="what cannot be brought back, in sentences")


def register_section(name: str, section: Section) -> None:
    """Have plans show ``name``: what ``section`` makes of a rehearsal for the caller; called inside it."""
    _sections[name] = section


def plan(command: BaseCmd, caller: Caller) -> dict[str, Any]:
    """The plan of a bound command. Raises what the command itself would raise."""
    cls = type(command)
    with rehearsing() as rehearsal:
        with executing(cls.info):
            command.execute()
        lost = [cls.irreversible] if cls.irreversible else []
        shown: dict[str, list[Any]] = {"placement": []}
        events = [{"type": event.type, "description": event.description} for event in rehearsal.events]
        jobs = [_job(job, caller, shown, lost) for job in list(rehearsal.jobs)]
        sections = {name: section(rehearsal, caller) for name, section in _sections.items()}
    return {
        "command": cls.name,
        "description": cls.documentation(),
        "succeeds": not any("fails" in job for job in jobs),
        "jobs": jobs,
        **shown,
        **sections,
        "events": events,
        "cannotbeundone": lost,
    }


def _job(job: AsyncJob, caller: Caller, shown: dict[str, list[Any]], lost: list[str]) -> dict[str, Any]:
    """One job with its steps in words; its structured facts go to ``shown``, what cannot be undone to ``lost``."""
    workflow = registry.get(job.name)()
    steps: list[dict[str, Any]] = []
    body: dict[str, Any] = {
        "workflow": job.name,
        "title": job.description,
        "objecttype": job.resource_type,
        "objectid": str(job.resource_uuid or ""),
        "steps": steps,
    }
    ctx = JobContext(job, names_hosts=caller.is_root_admin)
    title = "read what the job works on"
    try:
        workflow.load(ctx)
        for position, cls in enumerate(workflow.steps, start=1):
            step, title = cls(), cls.title
            text = step.plan(ctx)
            entry = {"position": position, "title": title, "description": text, "undoable": cls.can_undo()}
            steps.append(entry)
            if step.irreversible:
                lost.append(step.irreversible)
        title = "end"
        workflow.rehearse(ctx)
    except CloudError as error:
        body["fails"] = {"step": title, "errorcode": error.code, "errortext": error.message}
    for name, facts in ctx.preview.items():
        shown.setdefault(name, []).extend(facts)
    return body
