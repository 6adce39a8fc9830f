"""Bring record and host together after a report that they differ. Looks again first: the report may be old."""

import logging

from apps.compute.models import VirtualMachine
from apps.compute.selectors.unmanaged import hosts_that_answer
from apps.compute.services.lifecycle import VM_FSM
from apps.compute.states import VmState
from apps.compute.workflows.steps.loading import VmWorkflow, chosen_host, driver_of
from apps.compute.workflows.steps.networks import ReleaseNetworks, leave_host
from apps.compute.workflows.stop_vm import settle_as_stopped
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import host_for_job
from apps.infrastructure.services import capacity
from apps.infrastructure.services.cluster import EXTERNALLY_MANAGED
from apps.network.workflows.steps import connect_host, implement_network
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.framework.errors import InsufficientCapacity
from cloudstack.framework.jobs import JobContext, Step, workflow

log = logging.getLogger(__name__)


class LookAgain(Step):
    """Decides what is to be done: nothing, ``stopped``, ``running`` (adopt it), ``moved`` or ``stray`` (one too many).

    A machine that its hypervisor's own manager has moved runs on another host of the cluster; the record follows it.
    """

    title = "Ask the host again"

    def do(self, ctx: JobContext) -> None:
        vm, host = ctx.vm, host_for_job(uuid=ctx.arguments["host_uuid"])
        power = driver_of(host).power_state(str(vm.uuid))
        ctx.data["finding"] = ""
        if vm.state == VmState.RUNNING and vm.host_id == host.pk and power in (PowerState.OFF, PowerState.ABSENT):
            found, silent = _found_elsewhere(vm) if power == PowerState.ABSENT else (None, [])
            if found is not None:
                ctx.data["finding"], ctx.data["host_uuid"] = "moved", str(found.uuid)
            elif silent:
                ctx.log(f"may run on {', '.join(map(str, silent))}, which did not say; it is looked for again later")
            else:
                ctx.data["finding"] = "stopped"
        elif power == PowerState.ON and vm.state == VmState.STOPPED:
            ctx.data["finding"] = "running"
        elif power == PowerState.ON and vm.state in (VmState.DESTROYED, VmState.ERROR) and vm.removed is None:
            # Its disk may be deleted at any time; nobody may have it open then.
            ctx.data["finding"] = "stray"
        elif power == PowerState.ON and vm.state == VmState.RUNNING and vm.host_id != host.pk:
            at_home = driver_of(vm.host).power_state(str(vm.uuid)) == PowerState.ON
            ctx.data["finding"], ctx.data["host_uuid"] = "stray" if at_home else "moved", str(host.uuid)
        ctx.log(f"{host} says {power}: {ctx.data['finding'] or 'nothing to do'}")


def _found_elsewhere(vm: VirtualMachine) -> tuple[Host | None, list[Host]]:
    """Where it runs, in a cluster whose manager may move machines, and which hosts did not say.

    Other hosts are not asked for nothing. A machine that is taken for stopped may be started a second time, and two
    write to one disk; one that is wrongly taken for running costs its owner a stop by hand. So while a host that is up
    does not say, nothing is decided, and the next sweep looks again. That ends by itself, as CloudStack's wait for
    missing reports does: a host that stays silent is not up for long, and those that are not are not asked.
    """
    silent: list[Host] = []
    if vm.host.cluster.cluster_type != EXTERNALLY_MANAGED:
        return None, silent
    for host in hosts_that_answer(cluster=vm.host.cluster).exclude(pk=vm.host_id):
        try:
            if driver_of(host).power_state(str(vm.uuid)) == PowerState.ON:
                return host, []
        except Exception as error:  # whatever it is, it is no word of this machine
            log.warning("host %s did not say whether machine %s runs there: %r", host, vm.uuid, error)
            silent.append(host)
    return None, silent


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


class FollowNetworks(Step):
    """A machine that has moved is plugged in at its new host already; the cloud has its networks there as well."""

    title = "Have the networks where the machine is"

    def do(self, ctx: JobContext) -> None:
        if ctx.data["finding"] == "moved":
            for nic in ctx.vm.live_nics:
                connect_host(ctx, implement_network(ctx, nic.network, chosen_host(ctx)), chosen_host(ctx))


@workflow("compute.vm.settle_power")
class SettlePower(VmWorkflow):
    title = "Settle a machine's power state"
    steps = [LookAgain, CleanHost, ReleaseNetworksIfStopped, FollowNetworks]

    def on_succeeded(self, ctx: JobContext) -> None:
        finding = ctx.data["finding"]
        if finding == "stopped":
            settle_as_stopped(ctx, "power_off_reported")
        elif finding == "running":
            host, vm = host_for_job(uuid=ctx.arguments["host_uuid"]), ctx.vm
            vm.refresh_from_db(fields=["state", "host"])
            VM_FSM.fire(vm, "power_on_reported", host=host)
            promise_what_runs(ctx, vm, host)
        elif finding == "moved":
            _follow(ctx)


def _follow(ctx: JobContext) -> None:
    vm, host = ctx.vm, chosen_host(ctx)
    vm.refresh_from_db(fields=["state", "host"])
    before = vm.host
    VM_FSM.fire(vm, "move_reported", host=host, last_host=before)
    ctx.log(f"moved from {before} to {host} by its hypervisor")
    capacity.release(holder_uuid=vm.uuid, host=before)
    promise_what_runs(ctx, vm, host)
    for nic in vm.live_nics:
        leave_host(ctx, nic, before)


def promise_what_runs(ctx: JobContext, vm: VirtualMachine, host: Host) -> None:
    """Reserve what a machine takes that runs on ``host`` already: it does, whether there was room or not."""
    try:
        capacity.reserve(host=host, holder_uuid=vm.uuid, cpu_mhz=vm.cpus * vm.cpu_mhz, memory_mib=vm.memory_mib)
    except InsufficientCapacity as full:
        ctx.log(f"runs beyond what may be promised: {full.message}")
