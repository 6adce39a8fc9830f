"""The disks of a machine: made before its first start, removed with it."""

from apps.compute.workflows.steps.loading import chosen_host, reload_vm
from apps.storage.workflows.steps import create_volume_on_pool, delete_volume_on_pool, undo_create_volume
from cloudstack.framework.jobs import JobContext, Step


class PrepareVolumes(Step):
    title = "Prepare the disks"

    def plan(self, ctx: JobContext) -> str:
        names = ", ".join(str(one.volume) for one in ctx.vm.live_attachments if one.volume.state == "Allocated")
        return f"create {names}" if names else "use the disks as they are"

    def do(self, ctx: JobContext) -> None:
        host = chosen_host(ctx)
        for attachment in reload_vm(ctx).live_attachments:
            create_volume_on_pool(ctx, attachment.volume, host)

    def undo(self, ctx: JobContext) -> None:
        if "host_uuid" not in ctx.data:
            return
        for attachment in reload_vm(ctx).live_attachments:
            undo_create_volume(ctx, attachment.volume, chosen_host(ctx))


class DeleteRootVolume(Step):
    title = "Delete the root disk"

    def do(self, ctx: JobContext) -> None:
        for attachment in reload_vm(ctx).live_attachments:
            if attachment.device_id == 0:
                delete_volume_on_pool(ctx, attachment.volume)
