"""Bring record and host together after a report that they differ. Looks again first: the report may be old."""

from apps.compute.services.lifecycle import VM_FSM
from apps.compute.states import VmState
from apps.compute.workflows.steps.loading import VmWorkflow, driver_of
from apps.compute.workflows.steps.networks import ReleaseNetworks
from apps.compute.workflows.stop_vm import settle_as_stopped
from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.services import capacity
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.framework.errors import InsufficientCapacity
from cloudstack.framework.jobs import JobContext, Step, workflow


class LookAgain(Step):
    """Decides what is to be done: nothing, ``stopped``, ``running`` (adopt it) or ``stray`` (one too many)."""

    title = "Ask the host again"

    def do(self, ctx: JobContext) -> None:
        vm, host = ctx.vm, host_for_job(uuid=ctx.arguments["host_uuid"])
        power = driver_of(host).power_state(str(vm.uuid))
        ctx.data["finding"] = ""
        if vm.state == VmState.RUNNING and vm.host_id == host.pk and power in (PowerState.OFF, PowerState.ABSENT):
            ctx.data["finding"] = "stopped"
        elif power == PowerState.ON and vm.state == VmState.STOPPED:
            ctx.data["finding"] = "running"
        elif power == PowerState.ON and vm.state in (VmState.DESTROYED, VmState.ERROR) and vm.removed is None:
            # Its disk may be deleted at any time; nobody may have it open then.
            ctx.data["finding"] = "stray"
        elif power == PowerState.ON and vm.state == VmState.RUNNING and vm.host_id != host.pk:
            at_home = driver_of(vm.host).power_state(str(vm.uuid)) == PowerState.ON
            ctx.data["finding"] = "stray" if at_home else ""
        ctx.log(f"{host} says {power}: {ctx.data['finding'] or 'nothing to do'}")


class CleanHost(Step):
    """A guest that is off is forgotten by its host; a guest that should not run there is cut off."""

    title = "Clean the host"

    def do(self, ctx: JobContext) -> None:
        if ctx.data["finding"] in ("stopped", "stray"):
            driver_of(host_for_job(uuid=ctx.arguments["host_uuid"])).destroy(str(ctx.vm.uuid))


class ReleaseNetworksIfStopped(ReleaseNetworks):
    def do(self, ctx: JobContext) -> None:
        if ctx.data["finding"] == "stopped":
            super().do(ctx)


@workflow("compute.vm.settle_power")
class SettlePower(VmWorkflow):
    title = "Settle a machine's power state"
    steps = [LookAgain, CleanHost, ReleaseNetworksIfStopped]

    def on_succeeded(self, ctx: JobContext) -> None:
        finding = ctx.data["finding"]
        if finding == "stopped":
            settle_as_stopped(ctx, "power_off_reported")
        elif finding == "running":
            host, vm = host_for_job(uuid=ctx.arguments["host_uuid"]), ctx.vm
            vm.refresh_from_db(fields=["state", "host"])
            VM_FSM.fire(vm, "power_on_reported", host=host)
            try:
                capacity.reserve(host=host, holder_uuid=vm.uuid, cpu_mhz=vm.cpus * vm.cpu_mhz, memory_mib=vm.memory_mib)
            except InsufficientCapacity as full:
                # It runs, whether there was room or not.
                ctx.log(f"runs beyond what may be promised: {full.message}")
