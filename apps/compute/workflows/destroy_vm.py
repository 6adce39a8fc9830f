"""Put a machine aside, and remove it for good."""

from django.utils import timezone

from apps.accounts.services.limits import LimitManager
from apps.compute.models import Drive, VolumeAttachment
from apps.compute.services.lifecycle import VM_FSM
from apps.compute.services.quota import amounts_of_vm
from apps.compute.states import VmState
from apps.compute.workflows.steps.disks import ROOT_SLOT, DeleteRootVolume
from apps.compute.workflows.steps.guest import StopGuest
from apps.compute.workflows.steps.loading import VmWorkflow, reload_vm
from apps.compute.workflows.steps.networks import ReleaseNetworks
from apps.compute.workflows.steps.state import BeginExpunge, BeginStopIfRunning
from apps.compute.workflows.stop_vm import settle_as_stopped
from apps.network.models import NetworkRule
from apps.network.services.addresses import free_nic
from apps.network.services.rules import revoke_all
from apps.storage.models import Volume
from apps.storage.selectors import volume_for_job
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.services.volume_states import retire
from apps.storage.states import VolumeState
from apps.storage.workflows.steps import expunge_volume
from cloudstack.framework.jobs import JobContext, Step, workflow


class CutPower(StopGuest):
    """A machine that is to be destroyed is not asked to power off."""

    title = "Cut the power"

    def plan(self, ctx: JobContext) -> str:
        ctx.arguments["forced"] = True
        return super().plan(ctx)

    def do(self, ctx: JobContext) -> None:
        ctx.arguments["forced"] = True
        super().do(ctx)


class PutAside(Step):
    """From here on the machine counts no more; nothing is undone after this."""

    title = "Put the machine aside"

    def plan(self, ctx: JobContext) -> str:
        self.do(ctx)
        return f"{ctx.vm} counts no more against the limits; it can be recovered until it is expunged"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.vm.refresh_from_db(fields=["state", "host"])
            put_aside(ctx)

    def verify(self, ctx: JobContext) -> bool:
        return ctx.vm.state == VmState.DESTROYED


class ReleaseAddresses(Step):
    title = "Give the addresses back"
    irreversible = "The machine's addresses may go to others."

    def plan(self, ctx: JobContext) -> str:
        nics = reload_vm(ctx).live_nics
        return "give back " + (", ".join(nic.ipv4 or nic.mac for nic in nics) or "no address")

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            # Read anew: a card may have been asked for when this job had read the machine already.
            for nic in reload_vm(ctx).live_nics:
                free_nic(nic_uuid=nic.uuid)
                nic.mark_removed()
            revoke_all(NetworkRule.objects.filter(vm_uuid=ctx.vm.uuid))


class DestroyDataVolumes(Step):
    """Those that were named; they can be recovered as long as any destroyed volume."""

    title = "Destroy the data disks that were named"

    def plan(self, ctx: JobContext) -> str:
        names = [str(one.volume) for one in ctx.vm.live_attachments if self.is_named(ctx, one.volume)]
        return f"destroy {', '.join(names)}" if names else "keep the data disks"

    def is_named(self, ctx: JobContext, volume: Volume) -> bool:
        return str(volume.uuid) in ctx.arguments.get("volume_uuids", ())

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            for attachment in reload_vm(ctx).live_attachments:
                if attachment.device_id != ROOT_SLOT and self.is_named(ctx, attachment.volume):
                    if attachment.volume.state in (VolumeState.READY, VolumeState.ALLOCATED):
                        retire(attachment.volume)
                    VolumeAttachment.objects.filter(pk=attachment.pk).delete()


class ExpungeDataVolumes(DestroyDataVolumes):
    title = "Delete the data disks that were named"

    def do(self, ctx: JobContext) -> None:
        super().do(ctx)
        for uuid in ctx.arguments.get("volume_uuids", ()):
            volume = volume_for_job(uuid=uuid)
            if volume.state in (VolumeState.DESTROY, VolumeState.EXPUNGING):
                expunge_volume(ctx, volume)


class DetachDataVolumes(Step):
    """Data disks outlive the machine."""

    title = "Detach the data disks and empty the drive"

    def plan(self, ctx: JobContext) -> str:
        names = [str(one.volume) for one in ctx.vm.live_attachments if one.device_id]
        return f"keep {', '.join(names)}, detached" if names else "there are no data disks"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            VolumeAttachment.objects.filter(vm=ctx.vm).exclude(device_id=0).delete()
            Drive.objects.filter(vm=ctx.vm).delete()


TAKE_DOWN = [BeginStopIfRunning, CutPower, ReleaseNetworks, PutAside]


@workflow("compute.vm.destroy")
class DestroyVm(VmWorkflow):
    title = "Destroy a machine"
    steps = [*TAKE_DOWN, DestroyDataVolumes]


@workflow("compute.vm.expunge")
class ExpungeVm(VmWorkflow):
    title = "Expunge a machine"
    steps = [BeginExpunge, ReleaseAddresses, ExpungeDataVolumes, DetachDataVolumes, DeleteRootVolume]

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.vm.mark_removed()
        ctx.set_result(success=True)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """The root disk waits for the next attempt; no job has it in hand."""
        for attachment in reload_vm(ctx).live_attachments:
            if attachment.volume.state == VolumeState.EXPUNGING:
                VOLUME_FSM.fire(attachment.volume, "failed")


@workflow("compute.vm.destroy_expunge")
class DestroyAndExpungeVm(ExpungeVm):
    title = "Destroy and expunge a machine"
    steps = [*TAKE_DOWN, *ExpungeVm.steps]


def put_aside(ctx: JobContext) -> None:
    """Stopping or stopped or in error → Destroyed; what it counted against the limits is given back."""
    vm = ctx.vm
    counted = vm.state != VmState.ERROR
    if vm.state == VmState.STOPPING:
        settle_as_stopped(ctx, "succeeded")
    VM_FSM.fire(vm, "destroy_requested", destroyed_at=timezone.now())
    if counted:
        LimitManager().release(vm.account, amounts_of_vm(vm))
