"""Empty a host for maintenance, and bring it back."""

import logging

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

log = logging.getLogger(__name__)

POLL_S = 2.0
MAX_STUCK_SHOWN = 5
TELL_TIMEOUT_S = 300.0
"""Seconds that a hypervisor may take to enter or leave its own maintenance; its host is empty then."""
UNDO_TRIES = 3
"""How often a hypervisor is asked to take back a maintenance that failed, before the host is left closed."""


class EmptyHost(Step):
    """Has every machine leave; machines that cannot are named and the host goes into an error state."""

    title = "Move the machines away"

    @property
    def patience_s(self) -> float:
        return EVACUATION_TIMEOUT.value()

    def do(self, ctx: JobContext) -> None:
        _still_wanted(ctx)
        left = _evacuate(ctx)
        if left:
            raise RetryLater(POLL_S, f"{left} machines are leaving {ctx.host}")


def _evacuate(ctx: JobContext) -> int:
    """Have machines leave; how many are still there. Raises ``ResourceUnavailable`` with those that cannot."""
    report = evacuation.evacuate(host=ctx.host, caller=None, job_uuid=ctx.job.uuid)
    if report.stuck:
        more = len(report.stuck) - MAX_STUCK_SHOWN
        shown = "; ".join(report.stuck[:MAX_STUCK_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise ResourceUnavailable(f"host {ctx.host} cannot be emptied: {shown}")
    return report.left


def _is_empty(ctx: JobContext) -> bool:
    """In a transaction. Nobody comes to the closed host any more: who was promised room before has it by now."""
    # Whoever is just being promised capacity here holds this row: wait for the outcome before counting.
    HostCapacity.objects.select_for_update().filter(pk=ctx.host.pk).first()
    return not evacuation.occupants_of(ctx.host)


def _have_late_ones_leave(ctx: JobContext) -> None:
    """Machines that were placed just before the host closed: they hold capacity and have to leave too."""
    _evacuate(ctx)
    raise RetryLater(POLL_S, f"machines arrived late on {ctx.host} and are leaving")


class EnterMaintenance(Step):
    """The host is empty and stays so."""

    title = "Enter maintenance"

    @property
    def patience_s(self) -> float:
        return EVACUATION_TIMEOUT.value()

    def do(self, ctx: JobContext) -> None:
        _still_wanted(ctx)
        if not self._entered(ctx):
            _have_late_ones_leave(ctx)

    def _entered(self, ctx: JobContext) -> bool:
        with ctx.transaction():
            if not _is_empty(ctx):
                return False
            if ctx.host.resource_state == ResourceState.PREPARE_FOR_MAINTENANCE:
                RESOURCE_STATE.fire(ctx.host, "maintenance_entered")
        return True


class TellHost(Step):
    """Hosts whose hypervisor has a maintenance of its own enter it too: nobody can start anything there then."""

    title = "Tell the host"
    max_attempts = 1

    @property
    def patience_s(self) -> float:
        return EVACUATION_TIMEOUT.value()

    def do(self, ctx: JobContext) -> None:
        driver = hypervisor_driver(host_ref(ctx.host))
        if not isinstance(driver, SupportsMaintenance):
            return
        ctx.data.pop("left_closed", None)  # of an earlier try of this job
        _still_wanted(ctx)
        with ctx.transaction():
            empty = _is_empty(ctx)
        if not empty:
            _have_late_ones_leave(ctx)
        driver.enter_maintenance(timeout_s=TELL_TIMEOUT_S)

    def undo(self, ctx: JobContext) -> None:
        try:
            leave_maintenance(ctx.host)
        except Exception as error:
            if ctx.job.undo_attempts + 1 < UNDO_TRIES:
                raise
            # The job's lock keeps everybody from ending the maintenance by hand: let go, with the host closed.
            log.exception("host %s was not brought out of its hypervisor's maintenance", ctx.host)
            ctx.log(f"gave up after {UNDO_TRIES} tries; the hypervisor may still keep {ctx.host} closed: {error}")
            ctx.data["left_closed"] = True


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
            RESOURCE_STATE.fire(ctx.host, self._event(ctx))

    def _event(self, ctx: JobContext) -> str:
        if ctx.data.get("left_closed"):
            return "unable_to_maintain"
        return "maintenance_cancelled" if ctx.job.cancel_requested else "unable_to_migrate"


class LeaveMaintenance(Step):
    """A host that its hypervisor kept closed is open to placement only from here on; before, nothing starts there."""

    title = "Tell the host"

    def do(self, ctx: JobContext) -> None:
        leave_maintenance(ctx.host)
        if not ctx.arguments.get("opens"):
            return
        with ctx.transaction():
            ctx.host.refresh_from_db(fields=["resource_state"])
            # Disabled or written off meanwhile, or opened before a crash: then it stays as it is.
            if RESOURCE_STATE.can(ctx.host, "maintenance_cancelled"):
                RESOURCE_STATE.fire(ctx.host, "maintenance_cancelled")


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
