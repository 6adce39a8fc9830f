"""Put a volume into a machine, and take it out, whether the machine runs or not."""

from apps.compute.models import VolumeAttachment
from apps.compute.specs import disk_spec
from apps.compute.states import VmState
from apps.compute.workflows.steps.loading import VmWorkflow, driver_of, expect_steady
from apps.storage.selectors import volume_for_job
from apps.storage.services.pool_maintenance import refuse_closed
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.states import VOLUME_NOT_MADE, VolumeState
from apps.storage.workflows.steps import allocate_volume, create_volume_on_pool, undo_create_volume
from cloudstack.contracts.errors import NotSupported
from cloudstack.contracts.hypervisor import SupportsDiskHotplug
from cloudstack.framework.errors import InsufficientCapacity, ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, workflow


class VolumeOfVmWorkflow(VmWorkflow):
    """``ctx.vm`` and ``ctx.volume`` are there for all steps."""

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        ctx.volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])


def attachment_of(ctx: JobContext) -> VolumeAttachment | None:
    found = VolumeAttachment.objects.select_related("volume__pool").filter(volume=ctx.volume, vm=ctx.vm)
    return found.first()


class LookAtVolume(Step):
    """Notes whether the volume is still to be made, before anything is made of it.

    An attachment that is there already is another job's: this one must never undo it.
    """

    title = "Look at the volume"

    def do(self, ctx: JobContext) -> None:
        expect_steady(ctx.vm)
        if VolumeAttachment.objects.filter(volume=ctx.volume).exists():
            raise ResourceInUse(f"volume {ctx.volume} has been attached in the meantime")
        ctx.data["new"] = ctx.vm.state == VmState.RUNNING and ctx.volume.state in VOLUME_NOT_MADE


class MakeVolume(Step):
    """A volume that was only allocated is made where the running machine's host sees it."""

    title = "Create the volume"

    def do(self, ctx: JobContext) -> None:
        if ctx.data["new"]:
            try:
                allocate_volume(ctx, ctx.volume, ctx.vm.host)
            except InsufficientCapacity as full:
                # The reasons name pools and hosts: they are for operators.
                ctx.log(full.message)
                raise InsufficientCapacity(f"no storage has room for volume {ctx.volume} at machine {ctx.vm}") from None
            create_volume_on_pool(ctx, volume_for_job(uuid=ctx.volume.uuid), ctx.vm.host)
            ctx.volume = volume_for_job(uuid=ctx.volume.uuid)

    def undo(self, ctx: JobContext) -> None:
        if ctx.data["new"]:
            undo_create_volume(ctx, volume_for_job(uuid=ctx.volume.uuid), ctx.vm.host)


class TakeSlot(Step):
    title = "Take the slot"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            slot, vm = ctx.arguments["device_id"], ctx.vm
            ctx.volume.refresh_from_db(fields=["state"])
            if ctx.volume.state not in (*VOLUME_NOT_MADE, VolumeState.READY, VolumeState.ATTACHING):
                # Destroyed while this job waited: its data may go at any moment.
                raise ResourceInUse(f"volume {ctx.volume} is {ctx.volume.state} by now")
            mine = VolumeAttachment.objects.filter(volume=ctx.volume).first()
            if mine is None:
                if VolumeAttachment.objects.filter(vm=vm, device_id=slot).exists():
                    raise ResourceInUse(f"slot {slot} of machine {vm} has been taken in the meantime")
                VolumeAttachment.objects.create(volume=ctx.volume, vm=vm, device_id=slot)
            elif mine.vm_id != vm.pk:
                raise ResourceInUse(f"volume {ctx.volume} has been attached to another machine in the meantime")
            if ctx.volume.state == VolumeState.READY:
                VOLUME_FSM.fire(ctx.volume, "attach_requested")

    def undo(self, ctx: JobContext) -> None:
        with ctx.transaction():
            VolumeAttachment.objects.filter(volume=ctx.volume, vm=ctx.vm).delete()
            ctx.volume.refresh_from_db(fields=["state"])
            if ctx.volume.state == VolumeState.ATTACHING:
                VOLUME_FSM.fire(ctx.volume, "failed")


class PlugIn(Step):
    title = "Plug the disk in"

    def do(self, ctx: JobContext) -> None:
        if ctx.vm.state == VmState.RUNNING:
            # The slot is taken for all to see: maintenance that begins later stops the machine.
            refuse_closed([ctx.volume.pool_id])
            hotplug(ctx).attach_disk(str(ctx.vm.uuid), disk_spec(attachment_of(ctx)))

    def undo(self, ctx: JobContext) -> None:
        attachment = attachment_of(ctx)
        if ctx.vm.state == VmState.RUNNING and attachment is not None:
            hotplug(ctx).detach_disk(str(ctx.vm.uuid), disk_spec(attachment))


class Unplug(Step):
    title = "Unplug the disk"

    def do(self, ctx: JobContext) -> None:
        attachment = attachment_of(ctx)
        if ctx.vm.state == VmState.RUNNING and attachment is not None:
            hotplug(ctx).detach_disk(str(ctx.vm.uuid), disk_spec(attachment))


class LeaveSlot(Step):
    title = "Leave the slot"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            VolumeAttachment.objects.filter(volume=ctx.volume, vm=ctx.vm).delete()


@workflow("compute.volume.attach")
class AttachVolume(VolumeOfVmWorkflow):
    title = "Attach a volume"
    steps = [LookAtVolume, MakeVolume, TakeSlot, PlugIn]

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.volume.refresh_from_db(fields=["state"])
        if ctx.volume.state == VolumeState.ATTACHING:
            VOLUME_FSM.fire(ctx.volume, "succeeded")


@workflow("compute.volume.detach")
class DetachVolume(VolumeOfVmWorkflow):
    title = "Detach a volume"
    steps = [Unplug, LeaveSlot]


def hotplug(ctx: JobContext) -> SupportsDiskHotplug:
    """The driver of the machine's host. Raises ``NotSupported`` when disks cannot come and go there."""
    driver = driver_of(ctx.vm.host)
    if not isinstance(driver, SupportsDiskHotplug):
        raise NotSupported(f"hosts of {ctx.vm.hypervisor} take disks only while the machine is stopped")
    return driver
