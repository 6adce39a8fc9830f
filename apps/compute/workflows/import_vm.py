"""Make a machine the cloud's that somebody else made. One that cannot be taken over leaves nothing behind."""

import logging

from apps.accounts.services.limit_rules import total_of
from apps.accounts.services.limits import LimitManager
from apps.compute.models import UnmanagedVm, VolumeAttachment
from apps.compute.services.lifecycle import VM_FSM
from apps.compute.services.quota import amounts_of_vm
from apps.compute.services.unmanaged_scan import taker
from apps.compute.states import VmState
from apps.compute.workflows.settle_power import promise_what_runs
from apps.compute.workflows.steps.loading import VmWorkflow, chosen_host, driver_of, reload_vm
from apps.compute.workflows.steps.networks import PrepareNetworks
from apps.compute.workflows.steps.placing import shown_host
from apps.infrastructure.models import Host
from apps.network.models import NetworkHost
from apps.network.services.addresses import free_nic
from apps.storage.services import allocation
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.services.volume_states import amounts_of
from cloudstack.contracts.errors import DriverError, NotSupported
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.contracts.unmanaged import SupportsUnmanagedMachines, UnmanagedMachine
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import JobContext, Step, workflow

log = logging.getLogger(__name__)


def taker_of(host: Host) -> SupportsUnmanagedMachines:
    driver = taker(host)
    if driver is None:
        raise NotSupported(f"hosts of {host.hypervisor} give no machines away and take none over")
    return driver


class LookAtMachine(Step):
    """Notes whether it runs and what its cards are plugged into. What was seen before may be old."""

    title = "Look at the machine on its host"

    def plan(self, ctx: JobContext) -> str:
        ctx.data["host_uuid"] = ctx.arguments["host_uuid"]
        row = UnmanagedVm.objects.filter(machine_uuid=ctx.vm.uuid, host=chosen_host(ctx)).first()
        ctx.data["power"] = row.power if row else PowerState.OFF.value
        return f"look at {ctx.vm} on {shown_host(ctx, chosen_host(ctx))}: it was {ctx.data['power']}"

    def do(self, ctx: JobContext) -> None:
        ctx.data["host_uuid"] = ctx.arguments["host_uuid"]
        host = chosen_host(ctx)
        found = taker_of(host).unmanaged_machines().get(str(ctx.vm.uuid))
        if found is None:
            ctx.log(
                f"host {host} does not tell of machine {ctx.vm} ({ctx.vm.uuid}) any more, or as one that is managed"
            )
            raise InvalidParameter(
                f"machine {ctx.vm} is not where it was seen any more, or is managed: scanUnmanagedInstances looks anew",
                parameter="name",
            )
        ctx.log(f"host {host} tells of machine {ctx.vm}: {found.power.value}")
        self.compare(ctx, found)
        ctx.data["power"] = found.power.value
        ctx.data["plugged"] = {nic.mac.lower(): [nic.network, nic.vlan] for nic in found.nics}

    def compare(self, ctx: JobContext, found: UnmanagedMachine) -> None:
        vm = ctx.vm
        for disk in found.disks:
            if disk.obstacle:
                raise InvalidParameter(f"machine {vm}: disk {disk.path} {disk.obstacle}", parameter="name")
        now = (
            found.cpus,
            found.memory_mib,
            sorted((disk.path, disk.size_bytes) for disk in found.disks),
            len(found.nics),
        )
        volumes = [one.volume for one in vm.live_attachments]
        known = (vm.cpus, vm.memory_mib, sorted((one.path, one.size_bytes) for one in volumes), len(vm.live_nics))
        if now != known or found.power is PowerState.PAUSED:
            raise InvalidParameter(
                f"machine {vm} was changed since it was seen: scanUnmanagedInstances looks anew, then try again",
                parameter="name",
            )


class PrepareItsNetworks(PrepareNetworks):
    """For a machine that runs: its cards stay plugged in, so the networks must be where they are plugged in."""

    def plan(self, ctx: JobContext) -> str:
        return super().plan(ctx) if _runs(ctx) else "connect no network, for the machine is off"

    def do(self, ctx: JobContext) -> None:
        if not _runs(ctx):
            return
        super().do(ctx)
        host, plugged = chosen_host(ctx), ctx.data["plugged"]
        links = NetworkHost.objects.filter(host=host, network__in=[nic.network_id for nic in ctx.vm.live_nics])
        bridges = dict(links.values_list("network_id", "bridge"))
        for nic in reload_vm(ctx).live_nics:
            name, vlan = plugged.get(nic.mac, ["", 0])
            if name != bridges[nic.network_id] and not (vlan and vlan == nic.network.vni):
                raise InvalidParameter(
                    f"card {nic.mac} is plugged into {name!r}{f' in VLAN {vlan}' if vlan else ''}, and network "
                    f"{nic.network} is {bridges[nic.network_id]!r} there: plug it in there, name another network, or "
                    "power the machine off, so that it is plugged in at its next start",
                    parameter="nicnetworklist",
                )

    def undo(self, ctx: JobContext) -> None:
        if _runs(ctx):
            super().undo(ctx)


class TakeOver(Step):
    title = "Take the machine over"

    def plan(self, ctx: JobContext) -> str:
        how = "goes on running" if _runs(ctx) else "stays off"
        return f"take {ctx.vm} over as {ctx.vm.instance_name}; it {how}"

    def do(self, ctx: JobContext) -> None:
        taker_of(chosen_host(ctx)).import_machine(str(ctx.vm.uuid), ctx.vm.instance_name)

    def verify(self, ctx: JobContext) -> bool:
        return str(ctx.vm.uuid) not in taker_of(chosen_host(ctx)).unmanaged_machines()

    def undo(self, ctx: JobContext) -> None:
        if "host_uuid" in ctx.data:
            taker_of(chosen_host(ctx)).release_machine(str(ctx.vm.uuid))


class ForgetDefinition(Step):
    """A machine that is off is on no host: its next start makes it anew, on any host, with its disks.

    The machine is the cloud's by now, and what is taken off its host cannot be put back as it was. So this step never
    fails the import: a definition that could not be taken off stays, and the next start makes use of it.
    """

    title = "Take the machine off its host if it is off"

    def plan(self, ctx: JobContext) -> str:
        if _runs(ctx):
            return f"leave {ctx.vm} where it runs"
        return f"forget {ctx.vm} on {shown_host(ctx, chosen_host(ctx))}: its disks stay, its next start makes it anew"

    def do(self, ctx: JobContext) -> None:
        if _runs(ctx):
            return
        host = chosen_host(ctx)
        try:
            driver_of(host).destroy(str(ctx.vm.uuid))
        except Exception as error:  # also of a driver that breaks: the machine may be gone all the same
            if not isinstance(error, DriverError):
                log.exception("host %s could not take machine %s off", host, ctx.vm.uuid)
            ctx.log(f"{ctx.vm.instance_name} may still be defined on host {host}; its next start copes: {error}")


@workflow("compute.vm.import")
class ImportVm(VmWorkflow):
    title = "Take a machine over"
    steps = [LookAtMachine, PrepareItsNetworks, TakeOver, ForgetDefinition]

    def on_succeeded(self, ctx: JobContext) -> None:
        vm = reload_vm(ctx)
        for attachment in vm.live_attachments:
            for event in ("create_requested", "succeeded"):
                VOLUME_FSM.fire(attachment.volume, event)
        UnmanagedVm.objects.filter(machine_uuid=vm.uuid).delete()
        if not _runs(ctx):
            return
        host = chosen_host(ctx)
        VM_FSM.fire(vm, "power_on_reported", host=host)
        promise_what_runs(ctx, vm, host)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """Everything that the import had taken goes back; its disks stay where they were."""
        vm = reload_vm(ctx)
        if vm.removed is not None or vm.state != VmState.STOPPED:
            return
        volumes = [attachment.volume for attachment in vm.live_attachments]
        LimitManager().release(
            vm.account,
            total_of(amounts_of_vm(vm), *(amounts_of(volume.size_bytes, of=volume) for volume in volumes)),
        )
        VM_FSM.fire(vm, "create_failed", details={**vm.details, "error": error[:1000]})
        let_go(ctx)
        vm.mark_removed()


def let_go(ctx: JobContext) -> None:
    """In a job's last transaction: forget cards and disks of the machine, whose files are no concern of the cloud."""
    vm = ctx.vm
    for nic in vm.live_nics:
        free_nic(nic_uuid=nic.uuid)
        nic.mark_removed()
    VolumeAttachment.objects.filter(vm=vm).delete()
    for volume in (attachment.volume for attachment in vm.live_attachments):
        for event in ("destroy_requested", "expunge_requested", "succeeded"):
            VOLUME_FSM.fire(volume, event)
        allocation.release(holder_uuid=volume.uuid)
        type(volume).objects.filter(pk=volume.pk).update(pool=None, path="")
        volume.mark_removed()


def _runs(ctx: JobContext) -> bool:
    return ctx.data.get("power") == PowerState.ON.value
