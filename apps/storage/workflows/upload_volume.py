"""Bring the file of a volume into an image store, check it, and learn its size."""

from apps.accounts.services.limits import LimitManager
from apps.storage.models import Volume
from apps.storage.selectors import template_for_job, volume_for_job
from apps.storage.services import staging
from apps.storage.services.state_machines import TEMPLATE_FSM, VOLUME_FSM
from apps.storage.services.volume_sizes import GIB, within_maximum
from apps.storage.services.volume_states import amounts_of
from apps.storage.states import TemplateState, VolumeState
from apps.storage.workflows.register_template import BringFile, TemplateWorkflow
from cloudstack.framework.jobs import JobContext, Step, workflow


class NoteSize(Step):
    """The owner's limit of primary storage is asked only now: before, nobody knew the size."""

    title = "Note the size of the volume"

    def do(self, ctx: JobContext) -> None:
        size_bytes = ctx.template.virtual_size_bytes
        within_maximum(-(-size_bytes // GIB))
        self._resize(ctx, size_bytes)

    def undo(self, ctx: JobContext) -> None:
        self._resize(ctx, 1)

    def _resize(self, ctx: JobContext, size_bytes: int) -> None:
        with ctx.transaction():
            volume: Volume = ctx.volume
            volume.refresh_from_db(fields=["size_bytes"])
            more = size_bytes - volume.size_bytes
            if more > 0:
                LimitManager().reserve(volume.account, amounts_of(more, pieces=0))
            elif more < 0:
                LimitManager().release(volume.account, amounts_of(-more, pieces=0))
            Volume.objects.filter(pk=volume.pk).update(size_bytes=size_bytes)
            volume.size_bytes = size_bytes


@workflow("storage.volume.upload")
class UploadVolume(TemplateWorkflow):
    title = "Bring the data of a volume"
    steps = [BringFile, NoteSize]

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        ctx.volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])

    def on_succeeded(self, ctx: JobContext) -> None:
        TEMPLATE_FSM.fire(template_for_job(uuid=ctx.arguments["template_uuid"]), "succeeded", error="")
        VOLUME_FSM.fire(volume_for_job(uuid=ctx.arguments["volume_uuid"]), "succeeded")
        staging.clear(ctx.template)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """The volume stays and shows why it cannot be used; its owner destroys it."""
        template = template_for_job(uuid=ctx.arguments["template_uuid"])
        volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])
        if template.state != TemplateState.ERROR:
            TEMPLATE_FSM.fire(template, "failed", error=error[:1024])
        if volume.state == VolumeState.UPLOAD_OP:
            VOLUME_FSM.fire(volume, "failed")
