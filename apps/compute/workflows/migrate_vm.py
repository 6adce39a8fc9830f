"""Move a running machine to another host without stopping it."""

from apps.compute.config import MIGRATE_TIMEOUT
from apps.compute.services.lifecycle import VM_FSM
from apps.compute.states import VmState
from apps.compute.workflows.steps.loading import VmWorkflow, chosen_host, driver_of, reload_vm, spec_on
from apps.compute.workflows.steps.networks import leave_host
from apps.compute.workflows.steps.placing import ChooseTarget
from apps.compute.workflows.steps.state import BeginMigrate
from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.services import capacity
from apps.infrastructure.specs import host_ref
from apps.network.workflows.steps import connect_host, implement_network
from cloudstack.contracts.errors import DriverError, NotSupported
from cloudstack.contracts.hypervisor import PowerState, SupportsLiveMigration
from cloudstack.framework.jobs import JobContext, RetryLater, Step, workflow

ARRIVAL_S = 5


class ConnectTarget(Step):
    title = "Prepare the networks on the target"

    def do(self, ctx: JobContext) -> None:
        host = chosen_host(ctx)
        for nic in ctx.vm.live_nics:
            network = implement_network(ctx, nic.network, host)
            connect_host(ctx, network, host)

    def undo(self, ctx: JobContext) -> None:
        if "host_uuid" in ctx.data and not runs_on_target(ctx):
            for nic in ctx.vm.live_nics:
                leave_host(ctx, nic, chosen_host(ctx))


class PrepareTarget(Step):
    title = "Prepare the target host"

    def do(self, ctx: JobContext) -> None:
        host = chosen_host(ctx)
        target = driver_of(host)
        if not isinstance(target, SupportsLiveMigration):
            raise NotSupported(f"hosts of {host.hypervisor} cannot move running machines")
        spec = spec_on(ctx.vm, host)
        target.validate(spec)
        target.prepare_migration(spec)

    def undo(self, ctx: JobContext) -> None:
        if "host_uuid" not in ctx.data:
            return
        if runs_on_target(ctx):
            # It arrived after all. The record follows it, or the next start would make a second one.
            with ctx.transaction():
                settle_on_target(ctx)
            return
        uuid, target = str(ctx.vm.uuid), driver_of(chosen_host(ctx))
        arriving = target.power_state(uuid) == PowerState.PAUSED
        if arriving and driver_of(source_host(ctx)).power_state(uuid) not in (PowerState.ON, PowerState.PAUSED):
            # The source has let go of it: what waits on the target is the only one there is.
            raise RetryLater(ARRIVAL_S, f"{ctx.vm} is still arriving on {chosen_host(ctx)}")
        target.destroy(uuid)


class Migrate(Step):
    title = "Move the running machine"

    def do(self, ctx: JobContext) -> None:
        target = chosen_host(ctx)
        source = driver_of(source_host(ctx))
        ctx.check()
        timeout = float(MIGRATE_TIMEOUT.value(ctx.vm.zone.uuid))
        try:
            source.migrate(spec_on(reload_vm(ctx), target), host_ref(target), timeout_s=timeout)
        except DriverError:
            # The answer was lost or late: what counts is where the machine runs.
            if not runs_on_target(ctx):
                raise

    def verify(self, ctx: JobContext) -> bool:
        return runs_on_target(ctx)


@workflow("compute.vm.migrate")
class MigrateVm(VmWorkflow):
    title = "Migrate a machine"
    steps = [BeginMigrate, ChooseTarget, ConnectTarget, PrepareTarget, Migrate]

    def on_succeeded(self, ctx: JobContext) -> None:
        settle_on_target(ctx)


def settle_on_target(ctx: JobContext) -> None:
    """In a transaction: the machine runs on the target and holds nothing on the source any more."""
    vm, source = ctx.vm, source_host(ctx)
    vm.refresh_from_db(fields=["state", "host"])
    if vm.state != VmState.MIGRATING:
        return
    VM_FSM.fire(vm, "succeeded", host=chosen_host(ctx), last_host=source)
    capacity.release(holder_uuid=vm.uuid, host=source)
    for nic in vm.live_nics:
        leave_host(ctx, nic, source)


def source_host(ctx: JobContext):
    """The host that the machine leaves, as noted when the target was chosen."""
    return host_for_job(uuid=ctx.data["source_uuid"])


def runs_on_target(ctx: JobContext) -> bool:
    """Whether the machine has arrived: it runs on the target and no longer on the source."""
    uuid = str(ctx.vm.uuid)
    if driver_of(chosen_host(ctx)).power_state(uuid) != PowerState.ON:
        return False
    return driver_of(source_host(ctx)).power_state(uuid) != PowerState.ON
