"""The disks of a machine: made before its first start, removed with it."""

from apps.compute.models import Drive, VirtualMachine
from apps.compute.workflows.steps.loading import chosen_host, reload_vm
from apps.infrastructure.models import Host
from apps.storage.services.volume_states import retire
from apps.storage.states import VolumeState
from apps.storage.workflows.steps import (
    create_volume_on_pool,
    ensure_template_on_pool,
    expunge_volume,
    undo_create_volume,
)
from cloudstack.framework.jobs import JobContext, Step

ROOT_SLOT = 0


class PrepareVolumes(Step):
    title = "Prepare the disks"

    def plan(self, ctx: JobContext) -> str:
        names = ", ".join(str(one.volume) for one in ctx.vm.live_attachments if one.volume.state == "Allocated")
        return f"create {names}" if names else "use the disks as they are"

    def do(self, ctx: JobContext) -> None:
        host = chosen_host(ctx)
        for attachment in ctx.vm.live_attachments:
            create_volume_on_pool(ctx, attachment.volume, host)
        bring_disc(ctx, ctx.vm, host)

    def undo(self, ctx: JobContext) -> None:
        if "host_uuid" not in ctx.data:
            return
        for attachment in reload_vm(ctx).live_attachments:
            if str(attachment.volume.uuid) in ctx.data["new_volumes"]:
                undo_create_volume(ctx, attachment.volume, chosen_host(ctx))


def bring_disc(ctx: JobContext, vm: VirtualMachine, host: Host) -> None:
    """Have the disc of the machine's drive on the pool of its root disk, and note where it lies.

    The pool is noted before: that keeps the copy from being removed.
    """
    drive: Drive | None = getattr(vm, "drive", None)
    if drive is None:
        return
    pool = next(one.volume.pool for one in vm.live_attachments if one.device_id == ROOT_SLOT)
    row = Drive.objects.filter(pk=drive.pk, iso=drive.iso)
    with ctx.transaction():
        row.update(pool=pool)
    drive.pool, drive.path = pool, ensure_template_on_pool(ctx, drive.iso, pool, host)
    with ctx.transaction():
        row.update(path=drive.path)


class DeleteRootVolume(Step):
    """The attachment stays with the removed machine: it says whose root disk the removed volume was."""

    title = "Delete the root disk"
    irreversible = "The data on the machine's root disk are gone for ever."

    def plan(self, ctx: JobContext) -> str:
        names = []
        for attachment in reload_vm(ctx).live_attachments:
            if attachment.device_id == ROOT_SLOT:
                names.append(str(attachment.volume))
                if attachment.volume.state in (VolumeState.READY, VolumeState.ALLOCATED):
                    retire(attachment.volume)
        return f"delete {', '.join(names)} with its data" if names else "there is no root disk"

    def do(self, ctx: JobContext) -> None:
        for attachment in reload_vm(ctx).live_attachments:
            if attachment.device_id != ROOT_SLOT:
                continue
            volume = attachment.volume
            with ctx.transaction():
                volume.refresh_from_db(fields=["state"])
                if volume.state in (VolumeState.READY, VolumeState.ALLOCATED):
                    retire(volume)
            expunge_volume(ctx, volume)
