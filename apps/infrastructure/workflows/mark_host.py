"""What is written down about a host without asking it: degraded or not, and promises that nobody holds."""

from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.services import capacity
from apps.infrastructure.services.facts import SILENT
from apps.infrastructure.services.host_state import RESOURCE_STATE
from apps.infrastructure.states import ResourceState
from cloudstack.framework.errors import StaleState
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class HostWorkflow(Workflow):
    """``ctx.host`` is there for all steps."""

    def load(self, ctx: JobContext) -> None:
        ctx.host = host_for_job(uuid=ctx.arguments["host_uuid"])


class WriteOff(Step):
    title = "Declare the host degraded"

    def plan(self, ctx: JobContext) -> str:
        return f"place no machines on {ctx.host} until that is taken back"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.host.refresh_from_db(fields=["status", "resource_state"])
            if ctx.host.resource_state == ResourceState.DEGRADED:
                return
            if ctx.host.status not in SILENT:
                raise StaleState(f"host {ctx.host} is {ctx.host.status} by now")
            RESOURCE_STATE.fire(ctx.host, "declare_degraded")


class TakeBack(Step):
    title = "Take the host back"

    def plan(self, ctx: JobContext) -> str:
        return f"place machines on {ctx.host} again as soon as it answers"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.host.refresh_from_db(fields=["resource_state"])
            if ctx.host.resource_state != ResourceState.ENABLED:
                RESOURCE_STATE.fire(ctx.host, "cancel_degraded")


class GiveBack(Step):
    title = "Give back promises that nobody holds"

    def plan(self, ctx: JobContext) -> str:
        return f"give back {len(capacity.abandoned_on(host=ctx.host))} promises on {ctx.host}"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            for holder in capacity.abandoned_on(host=ctx.host):
                capacity.release(holder_uuid=holder, host=ctx.host)
                ctx.log(f"gave back what was promised to {holder}")


@workflow("infrastructure.host.declare_degraded")
class DeclareDegraded(HostWorkflow):
    title = "Declare a host degraded"
    steps = [WriteOff]


@workflow("infrastructure.host.cancel_degraded")
class CancelDegraded(HostWorkflow):
    title = "Take a degraded host back"
    steps = [TakeBack]


@workflow("infrastructure.host.release_reservations")
class ReleaseReservations(HostWorkflow):
    title = "Give back room of a host that nobody uses"
    steps = [GiveBack]
