"""The steps that remove what owners own. Each starts jobs for the rows of its stage and waits until none is left.

Nothing but the rows themselves says how far it is: what is gone is gone, whoever did it, and a worker that takes over
looks again. A job that this one started carries its UUID (``arguments.removal``), written in the transaction that
starts it.
"""

import contextlib
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from apps.accounts.config import REMOVAL_PATIENCE
from apps.accounts.models import User
from apps.accounts.selectors.callers import caller_of, system_caller
from apps.accounts.services.removal import Remover, Stage, contents, noun_of, removers
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError, ResourceInUse, StaleState
from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater, Step

POLL_S = 2.0
AT_ONCE = 50
"""Jobs of one kind under way at a time: an account with a thousand machines must not stop everybody else's work."""
TRIES = 2
"""A job that was started for an object and failed is started once more; then the object is stuck."""
REFUSALS = 3
MAX_STUCK_SHOWN = 5
REFUSED = "removal_refused"
PROGRESS = "removal_progress"


@dataclass
class Report:
    """How far one look at the rows has come."""

    left: Counter[str]
    """Kind → rows that are still there."""
    stuck: list[str]


class RemoveOwned(Step):
    """Removes what stands in ``stage``; objects that cannot go are named when all others are gone."""

    stage: ClassVar[Stage]
    patience_s: ClassVar[float] = math.inf

    def plan(self, ctx: JobContext) -> str:
        found = list(contents(ctx.owners, self.stage))
        return f"remove {', '.join(found)}" if found else "nothing to remove"

    def do(self, ctx: JobContext) -> None:
        ctx.check()
        wait_for(ctx, look(ctx, type(self).__name__, self.stage))


class RemoveProjects(RemoveOwned):
    title = "Remove the projects"
    stage = Stage.PROJECTS


class RemoveMachines(RemoveOwned):
    title = "Stop and expunge the machines"
    stage = Stage.MACHINES


class RemoveDisks(RemoveOwned):
    title = "Remove the disks"
    stage = Stage.DISKS


class RemoveNetworks(RemoveOwned):
    title = "Remove the networks"
    stage = Stage.NETWORKS


class RemoveImages(RemoveOwned):
    title = "Remove the templates and images"
    stage = Stage.IMAGES


class RemoveOthers(RemoveOwned):
    title = "Remove keys, groups and everything else"
    stage = Stage.OTHERS


REMOVAL_STEPS: list[type[Step]] = [
    RemoveProjects,
    RemoveMachines,
    RemoveDisks,
    RemoveNetworks,
    RemoveImages,
    RemoveOthers,
]


def remove_the_rest(ctx: JobContext, step: type[Step]) -> None:
    """For the last step of a workflow: a request that was under way may have added something of any kind.

    Returns when nothing is left; raises ``RetryLater`` until then.
    """
    ctx.check()
    wait_for(ctx, look(ctx, step.__name__, *Stage))


@contextlib.contextmanager
def late_arrivals() -> Iterator[None]:
    """Around the transaction of the last step: what came a moment before it is removed with the next look."""
    try:
        yield
    except StaleState as late:
        raise RetryLater(POLL_S, late.message) from late


def look(ctx: JobContext, step: str, *stages: Stage) -> Report:
    """Start what is not under way yet and say what is left. The first stage that has something keeps the later ones."""
    report = Report(left=Counter(), stuck=[])
    started = ctx.job.steps.values_list("started", flat=True).get(name=step)
    for stage in stages:
        for remover in removers(stage):
            _remove_rows(ctx, remover, started, report)
        if report.left:
            break
    return report


def wait_for(ctx: JobContext, report: Report) -> None:
    """Raises ``ResourceInUse`` when only what is stuck is left and ``RetryLater`` while anything else is."""
    left = sum(report.left.values())
    if not left:
        return
    if left == len(report.stuck):
        more = left - MAX_STUCK_SHOWN
        shown = "; ".join(report.stuck[:MAX_STUCK_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise ResourceInUse(f"{ctx.owners.title} could not be emptied: {shown}")
    now, known = time.time(), ctx.data.get(PROGRESS, {})
    if known.get("left") != left:
        ctx.data[PROGRESS] = {"left": left, "since": now}
    elif now - known["since"] > REMOVAL_PATIENCE.value():
        raise ResourceInUse(f"{ctx.owners.title} could not be emptied: {_words(report)} did not go in time")
    raise RetryLater(POLL_S, f"{_words(report)} to go")


def _words(report: Report) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in report.left.items())


def _remove_rows(ctx: JobContext, remover: Remover, started: Any, report: Report) -> None:
    rows = remover.rows(ctx.owners)
    found = list(rows.values_list("pk", "uuid"))
    if not found:
        return
    jobs = AsyncJob.objects.filter(resource_uuid__in=rows.values("uuid")).exclude(pk=ctx.job.pk)
    busy = set(jobs.filter(status__in=AsyncJob.LIVE).values_list("resource_uuid", flat=True))
    # Those of an earlier try of this job do not count.
    mine = jobs.filter(created__gte=started, arguments__removal=str(ctx.job.uuid)).exclude(status__in=AsyncJob.LIVE)
    failures: dict[Any, list[str]] = {}
    for uuid, words in mine.order_by("pk").values_list("resource_uuid", "error_text"):
        failures.setdefault(uuid, []).append(words)
    left, room = 0, AT_ONCE - len(busy)
    for pk, uuid in found:
        words = failures.get(uuid, [])
        if uuid in busy:
            left += 1
        elif len(words) >= TRIES:
            left += 1
            report.stuck.append(f"{_named(remover, pk)}: {words[-1] or 'is still there'}")
        elif room <= 0:
            left += 1
        else:
            gone, refusal = _remove(ctx, remover, pk)
            left += not gone
            room -= not gone
            if refusal:
                report.stuck.append(f"{_named(remover, pk)}: {refusal}")
    if left:
        report.left[noun_of(remover.model, left)] += left


def _remove(ctx: JobContext, remover: Remover, pk: int) -> tuple[bool, str]:
    """Whether the row is gone, and why it will not go."""
    try:
        with ctx.transaction():
            row = remover.rows(ctx.owners).filter(pk=pk).first()
            if row is None:
                return True, ""
            job = remover.remove(row, caller=_caller(ctx))
            if job is None:
                return True, ""
            job.arguments = {**job.arguments, "removal": str(ctx.job.uuid)}
            job.save(update_fields=["arguments"])
            return False, ""
    except StaleState:
        return False, ""
    except CloudError as error:
        # It may just have been changing its state: what is refused again and again is refused.
        refused = ctx.data.setdefault(REFUSED, {})
        key = f"{remover.model._meta.label}:{pk}"
        refused[key] = refused.get(key, 0) + 1
        return False, error.message if refused[key] >= REFUSALS else ""


def _caller(ctx: JobContext) -> Caller:
    """The administrator who asked for it; the platform where nobody did, or where he may not do all of it himself."""
    if "removal_caller" not in vars(ctx):
        user = User.objects.filter(pk=ctx.job.user_id).first() if ctx.job.user_id else None
        caller = caller_of(user) if user is not None else None
        ctx.removal_caller = caller if caller is not None and caller.is_admin else system_caller()
    return ctx.removal_caller


def _named(remover: Remover, pk: int) -> str:
    row = remover.model._default_manager.filter(pk=pk).first()
    return f"{noun_of(remover.model, 1)} {row}" if row is not None else noun_of(remover.model, 1)
