"""Take a running machine down."""

from apps.compute.services.lifecycle import VM_FSM
from apps.compute.workflows.steps.guest import RebootGuest, StopGuest
from apps.compute.workflows.steps.loading import VmWorkflow
from apps.compute.workflows.steps.networks import ReleaseNetworks
from apps.compute.workflows.steps.state import BeginStop
from apps.infrastructure.services import capacity
from cloudstack.framework.jobs import JobContext, workflow


@workflow("compute.vm.stop")
class StopVm(VmWorkflow):
    title = "Stop a machine"
    steps = [BeginStop, StopGuest, ReleaseNetworks]

    def on_succeeded(self, ctx: JobContext) -> None:
        settle_as_stopped(ctx, "succeeded")


@workflow("compute.vm.reboot")
class RebootVm(VmWorkflow):
    title = "Reboot a machine"
    steps = [RebootGuest]


def settle_as_stopped(ctx: JobContext, event: str) -> None:
    """In the job's last transaction: off, no host, no promise of capacity anywhere."""
    vm = ctx.vm
    vm.refresh_from_db(fields=["state", "host"])
    VM_FSM.fire(vm, event, host=None, last_host=vm.host)
    capacity.release(holder_uuid=vm.uuid)
