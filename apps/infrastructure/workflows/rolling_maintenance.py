"""Hosts maintained one after the other: emptied, worked on by plugins, brought back."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.infrastructure.models import Host
from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.services import maintenance
from apps.infrastructure.services.host_state import RESOURCE_STATE
from apps.infrastructure.specs import host_ref
from cloudstack.contracts.errors import DriverError
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.errors import CloudError, ResourceUnavailable
from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater, Step, Workflow, workflow
from cloudstack.framework.plugins.manager import pm

POLL_S = 2.0


class HostFailed(ResourceUnavailable):
    """One host could not be maintained; with ``forced`` the others are all the same."""


class LookAtHosts(Step):
    """Before anything is moved: hosts that could not be emptied end it, or are left out with ``forced``."""

    title = "Look whether the hosts can be emptied"

    def plan(self, ctx: JobContext) -> str:
        objections = objections_to(ctx)
        if objections and not ctx.arguments["forced"]:
            raise ResourceUnavailable(_sentences(objections))
        return f"maintain {len(ctx.arguments['host_uuids']) - len(objections)} hosts one after the other"

    def do(self, ctx: JobContext) -> None:
        objections = objections_to(ctx)
        if objections and not ctx.arguments["forced"]:
            raise ResourceUnavailable(_sentences(objections))
        ctx.data["skipped"] = [_skipped(host, reason) for host, reason in objections]
        refused = {str(host.uuid) for host, _ in objections}
        ctx.data["waiting"] = [uuid for uuid in ctx.arguments["host_uuids"] if uuid not in refused]
        ctx.data["updated"] = []
        ctx.data["now"] = None


class Roll(Step):
    """What is going on with which host is in the job's data: after a crash it goes on there."""

    title = "Maintain the hosts"
    patience_s = 30 * 24 * 3600

    def plan(self, ctx: JobContext) -> str:
        names = (
            Host.objects.filter(uuid__in=ctx.arguments["host_uuids"]).order_by("name").values_list("name", flat=True)
        )
        return f"empty and bring back in turn: {', '.join(names)}"

    def do(self, ctx: JobContext) -> None:
        while ctx.data["now"] or ctx.data["waiting"]:
            ctx.check()
            if ctx.data["now"] is None:
                if maintenance.is_one_coming_back(ctx.arguments["host_uuids"]):
                    # Its room counts when the next one is to be emptied.
                    raise RetryLater(POLL_S, "a host that was left out is coming back")
                self._begin(ctx, ctx.data["waiting"][0])
            host = host_for_job(uuid=ctx.data["now"]["host"])
            try:
                getattr(self, f"_{ctx.data['now']['phase']}")(ctx, host)
            except HostFailed as failed:
                bring_back(ctx, host)
                if not ctx.arguments["forced"]:
                    raise
                self._next(ctx, skipped=_skipped(host, failed.message))

    def _begin(self, ctx: JobContext, uuid: str) -> None:
        host = host_for_job(uuid=uuid)
        now = {"host": uuid, "phase": "emptying", "job": "", "start": _stamp(), "since": _stamp(), "output": ""}
        with ctx.transaction():
            reason = "it is gone" if host.removed else maintenance.objection(host)
            if reason is None:
                now["job"] = str(maintenance.begin(host, caller=None).uuid)
            else:
                now |= {"phase": "refused", "output": reason}
            _remember(ctx, now=now, waiting=ctx.data["waiting"][1:])

    def _refused(self, ctx: JobContext, host: Host) -> None:
        raise HostFailed(f"host {host} was not maintained: {ctx.data['now']['output']}")

    def _emptying(self, ctx: JobContext, host: Host) -> None:
        job = AsyncJob.objects.get(uuid=ctx.data["now"]["job"])
        if job.is_live:
            self._wait(ctx, f"{host} is being emptied")
        if job.status != AsyncJob.Status.SUCCEEDED:
            raise HostFailed(f"host {host} could not be emptied: {job.error_text or 'the job was cancelled'}")
        self._go_on(ctx, "working")

    def _working(self, ctx: JobContext, host: Host) -> None:
        ctx.progress(_percent(ctx), f"working on {host}")
        try:
            told = pm.answers("host_emptied", host=host_ref(host), payload=ctx.arguments["payload"])
        except Exception as error:
            raise HostFailed(f"a plugin failed on host {host}: {error}") from error
        self._go_on(ctx, "answering", output="\n".join(str(text) for text in told)[:4096])

    def _answering(self, ctx: JobContext, host: Host) -> None:
        try:
            hypervisor_driver(host_ref(host)).host_facts()
        except (DriverError, CloudError) as error:
            self._wait(ctx, f"{host} does not answer yet: {error}")
        with ctx.transaction():
            job = maintenance.end(host, caller=None)
            self._go_on(ctx, "returning", job=str(job.uuid))

    def _returning(self, ctx: JobContext, host: Host) -> None:
        job = AsyncJob.objects.get(uuid=ctx.data["now"]["job"])
        if job.is_live:
            self._wait(ctx, f"{host} is coming back")
        if job.status != AsyncJob.Status.SUCCEEDED:
            raise HostFailed(f"host {host} did not come back: {job.error_text or 'the job was cancelled'}")
        now = ctx.data["now"]
        updated = {
            "hostid": str(host.uuid),
            "hostname": host.name,
            "startdate": now["start"],
            "enddate": _stamp(),
            "output": now["output"],
        }
        self._next(ctx, updated=updated)

    def _go_on(self, ctx: JobContext, phase: str, **changes: Any) -> None:
        with ctx.transaction():
            _remember(ctx, now={**ctx.data["now"], "phase": phase, "since": _stamp(), **changes})

    def _next(self, ctx: JobContext, *, updated: Any = None, skipped: Any = None) -> None:
        with ctx.transaction():
            _remember(
                ctx,
                now=None,
                updated=[*ctx.data["updated"], *([updated] if updated else [])],
                skipped=[*ctx.data["skipped"], *([skipped] if skipped else [])],
            )

    def _wait(self, ctx: JobContext, why: str) -> None:
        since = datetime.fromisoformat(ctx.data["now"]["since"])
        if timezone.now() - since > timedelta(seconds=ctx.arguments["timeout_s"]):
            raise HostFailed(f"{why}, for more than {ctx.arguments['timeout_s']} s")
        ctx.progress(_percent(ctx), why)
        raise RetryLater(POLL_S, why)


@workflow("infrastructure.rolling_maintenance")
class RollingMaintenance(Workflow):
    title = "Maintain hosts one after the other"
    steps = [LookAtHosts, Roll]

    def on_succeeded(self, ctx: JobContext) -> None:
        skipped = ctx.data["skipped"]
        ctx.set_result(
            success=not skipped,
            details=f"{len(ctx.data['updated'])} hosts maintained, {len(skipped)} skipped",
            hostsupdated=ctx.data["updated"],
            hostsskipped=skipped,
        )

    def on_failed(self, ctx: JobContext, error: str) -> None:
        if ctx.data.get("now"):
            bring_back(ctx, host_for_job(uuid=ctx.data["now"]["host"]))


def bring_back(ctx: JobContext, host: Host) -> None:
    """Have a host that was not maintained to the end take machines again; its evacuation stops where it is."""
    with ctx.transaction():
        host.refresh_from_db(fields=["resource_state"])
        mine = ctx.data["now"]["phase"] not in ("refused", "returning")
        if mine and RESOURCE_STATE.can(host, "maintenance_cancelled"):
            maintenance.end(host, caller=None)


def objections_to(ctx: JobContext) -> list[tuple[Host, str]]:
    """Hosts that cannot be emptied as things are, and why."""
    hosts = Host.objects.select_related("cluster").filter(uuid__in=ctx.arguments["host_uuids"]).order_by("name", "pk")
    return [(host, reason) for host in hosts if (reason := maintenance.objection(host))]


def _sentences(objections: list[tuple[Host, str]]) -> str:
    return "; ".join(f"host {host}: {reason}" for host, reason in objections[:10])


def _skipped(host: Host, reason: str) -> dict[str, str]:
    return {"hostid": str(host.uuid), "hostname": host.name, "reason": reason}


def _stamp() -> str:
    return timezone.now().isoformat(timespec="seconds")


def _percent(ctx: JobContext) -> int:
    count = len(ctx.arguments["host_uuids"])
    return 100 * (len(ctx.data["updated"]) + len(ctx.data["skipped"])) // count


def _remember(ctx: JobContext, **facts: Any) -> None:
    """Store facts with what the running transaction does: true after a crash exactly if that was committed."""
    ctx.data.update(facts)
    AsyncJob.objects.filter(pk=ctx.job.pk).update(data=ctx.data)
