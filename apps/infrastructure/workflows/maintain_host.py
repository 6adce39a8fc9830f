"""Empty a host for maintenance, and bring it back."""

from apps.infrastructure.config import EVACUATION_TIMEOUT
from apps.infrastructure.models import Host, HostCapacity
from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.services import evacuation
from apps.infrastructure.services.facts import apply_facts
from apps.infrastructure.services.host_state import RESOURCE_STATE
from apps.infrastructure.specs import host_ref
from apps.infrastructure.states import ResourceState
from cloudstack.contracts.hypervisor import SupportsMaintenance
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.errors import ResourceUnavailable, StaleState
from cloudstack.framework.jobs import JobContext, RetryLater, Step, Workflow, workflow

POLL_S = 2.0
MAX_STUCK_SHOWN = 5
TELL_TIMEOUT_S = 300.0
"""Seconds that a hypervisor may take to enter or leave its own maintenance; its host is empty then."""


class EmptyHost(Step):
    """Has every machine leave; machines that cannot are named and the host goes into an error state."""

    title = "Move the machines away"

    @property
    def patience_s(self) -> float:
        return EVACUATION_TIMEOUT.value()

    def do(self, ctx: JobContext) -> None:
        _still_wanted(ctx)
        report = evacuation.evacuate(host=ctx.host, caller=None, job_uuid=ctx.job.uuid)
        if report.stuck:
            more = len(report.stuck) - MAX_STUCK_SHOWN
            shown = "; ".join(report.stuck[:MAX_STUCK_SHOWN]) + (f"; and {more} more" if more > 0 else "")
            raise ResourceUnavailable(f"host {ctx.host} cannot be emptied: {shown}")
        if report.left:
            raise RetryLater(POLL_S, f"{report.left} machines are leaving {ctx.host}")


class EnterMaintenance(Step):
    """The host is empty and stays so."""

    title = "Enter maintenance"

    @property
    def patience_s(self) -> float:
        return EVACUATION_TIMEOUT.value()

    def do(self, ctx: JobContext) -> None:
        _still_wanted(ctx)
        if not self._entered(ctx):
            # A machine that was placed just before the host closed: it holds capacity and has to leave too.
            evacuation.evacuate(host=ctx.host, caller=None, job_uuid=ctx.job.uuid)
            raise RetryLater(POLL_S, f"machines arrived late on {ctx.host} and are leaving")

    def _entered(self, ctx: JobContext) -> bool:
        with ctx.transaction():
            # Whoever is just being promised capacity here holds this row: wait for the outcome before counting.
            HostCapacity.objects.select_for_update().filter(pk=ctx.host.pk).first()
            if evacuation.occupants_of(ctx.host):
                return False
            if ctx.host.resource_state == ResourceState.PREPARE_FOR_MAINTENANCE:
                RESOURCE_STATE.fire(ctx.host, "maintenance_entered")
        return True


class TellHost(Step):
    """Hosts whose hypervisor has a maintenance of its own enter it too: nobody can start anything there then."""

    title = "Tell the host"
    max_attempts = 1

    def do(self, ctx: JobContext) -> None:
        driver = hypervisor_driver(host_ref(ctx.host))
        if isinstance(driver, SupportsMaintenance):
            driver.enter_maintenance(timeout_s=TELL_TIMEOUT_S)

    def undo(self, ctx: JobContext) -> None:
        leave_maintenance(ctx.host)


def leave_maintenance(host: Host) -> None:
    """Have the hypervisor itself take machines on ``host`` again, where it knows a maintenance."""
    driver = hypervisor_driver(host_ref(host))
    if isinstance(driver, SupportsMaintenance):
        driver.exit_maintenance(timeout_s=TELL_TIMEOUT_S)


def _still_wanted(ctx: JobContext) -> None:
    ctx.check()
    ctx.host.refresh_from_db(fields=["resource_state"])
    if ctx.host.resource_state not in (ResourceState.PREPARE_FOR_MAINTENANCE, ResourceState.MAINTENANCE):
        raise StaleState(f"the maintenance of host {ctx.host} was called off")


@workflow("infrastructure.host.maintain")
class MaintainHost(Workflow):
    title = "Empty a host for maintenance"
    steps = [EmptyHost, TellHost, EnterMaintenance]

    def load(self, ctx: JobContext) -> None:
        ctx.host = host_for_job(uuid=ctx.arguments["host_uuid"])

    def on_failed(self, ctx: JobContext, error: str) -> None:
        ctx.host.refresh_from_db(fields=["resource_state"])
        if ctx.host.resource_state == ResourceState.PREPARE_FOR_MAINTENANCE:
            ctx.job.refresh_from_db(fields=["cancel_requested"])
            RESOURCE_STATE.fire(ctx.host, "maintenance_cancelled" if ctx.job.cancel_requested else "unable_to_migrate")


class LeaveMaintenance(Step):
    title = "Tell the host"

    def do(self, ctx: JobContext) -> None:
        leave_maintenance(ctx.host)


class ReadFactsAgain(Step):
    """After maintenance a host may have more memory, or not answer at all."""

    title = "Ask the host what it has"

    def do(self, ctx: JobContext) -> None:
        facts = hypervisor_driver(host_ref(ctx.host)).host_facts()
        with ctx.transaction():
            apply_facts(ctx.host, facts)


@workflow("infrastructure.host.cancel_maintenance")
class CancelHostMaintenance(Workflow):
    title = "Bring a host back from maintenance"
    steps = [LeaveMaintenance, ReadFactsAgain]

    def load(self, ctx: JobContext) -> None:
        ctx.host = host_for_job(uuid=ctx.arguments["host_uuid"])
