"""What every workflow of a machine reads first."""

from apps.compute.models import VirtualMachine
from apps.compute.selectors import vm_for_job
from apps.compute.specs import vm_spec
from apps.compute.states import VmState
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.specs import host_ref
from apps.network.models import NetworkHost
from apps.network.workflows.steps import lock_name, note_read
from cloudstack.contracts.hypervisor import HypervisorDriver, VmSpec
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Workflow


class VmWorkflow(Workflow):
    """A workflow on one machine: ``ctx.vm`` is there for all steps."""

    def load(self, ctx: JobContext) -> None:
        ctx.vm = vm_for_job(uuid=ctx.arguments["vm_uuid"])
        held = {name for name, _ in ctx.job.lock_names}
        for nic in ctx.vm.live_nics:
            if lock_name(nic.network) in held:
                note_read(ctx, nic.network)


def expect_steady(vm: VirtualMachine) -> None:
    """Raise ``ResourceInUse`` unless ``vm`` runs or is stopped: while a job waited for its turn, it may have gone."""
    if vm.removed is not None or vm.state not in (VmState.RUNNING, VmState.STOPPED):
        raise ResourceInUse(f"machine {vm} is {'gone' if vm.removed else vm.state} by now")


def reload_vm(ctx: JobContext) -> VirtualMachine:
    """Read the machine anew, with its cards and disks."""
    ctx.vm = vm_for_job(uuid=ctx.arguments["vm_uuid"])
    return ctx.vm


def chosen_host(ctx: JobContext) -> Host:
    """The host that an earlier step chose, read once a run."""
    found = vars(ctx).get("chosen")
    if found is None or str(found.uuid) != ctx.data["host_uuid"]:
        found = ctx.chosen = host_for_job(uuid=ctx.data["host_uuid"])
    return found


def driver_of(host: Host) -> HypervisorDriver:
    return hypervisor_driver(host_ref(host))


def spec_on(vm: VirtualMachine, host: Host) -> VmSpec:
    """The machine as it is to run on ``host``: its cards plug into the bridges that stand there."""
    links = NetworkHost.objects.filter(host=host, network__in=[nic.network_id for nic in vm.live_nics])
    bridges = {str(uuid): bridge for uuid, bridge in links.values_list("network__uuid", "bridge")}
    return vm_spec(vm, bridges)
