"""Make a template of what a volume holds."""

from pathlib import Path

from apps.accounts.models import ResourceType
from apps.accounts.services.limits import LimitManager
from apps.storage.models import Template, TemplateStoreRef
from apps.storage.selectors import template_for_job, volume_for_job
from apps.storage.services import staging
from apps.storage.services.state_machines import TEMPLATE_FSM
from apps.storage.states import StoreState
from apps.storage.workflows.copying import CopyAside, DropCopy, fetch_copy
from apps.storage.workflows.register_template import BringFile, TemplateWorkflow
from cloudstack.contracts.storage import ImageFacts
from cloudstack.framework.jobs import JobContext, workflow


class StoreImage(BringFile):
    """The copy was written by the storage itself: what its header says needs no second look."""

    title = "Put the copy into the image stores"

    def plan(self, ctx: JobContext) -> str:
        return f"put the copy into {ctx.template.store_refs.count()} image stores as template {ctx.template}"

    def do(self, ctx: JobContext) -> None:
        super().do(ctx)
        staging.clear(ctx.template)

    def _local_file(self, ctx: JobContext, template: Template, ref: TemplateStoreRef) -> tuple[Path, ImageFacts]:
        file = staging.download_file(template, ctx.job.epoch)
        staging.clear(template, but=file)
        sha256 = fetch_copy(ctx, file)
        return file, ImageFacts(
            format=template.format,
            virtual_size_bytes=ctx.data["copy_bytes"],
            physical_size_bytes=file.stat().st_size,
            sha256=sha256,
        )


@workflow("storage.template.create")
class CreateTemplate(TemplateWorkflow):
    title = "Make a template of a volume"
    steps = [CopyAside, StoreImage, DropCopy]

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        ctx.volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])

    def on_succeeded(self, ctx: JobContext) -> None:
        TEMPLATE_FSM.fire(template_for_job(uuid=ctx.arguments["template_uuid"]), "succeeded", error="")

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """A template that could not be made is gone; the job says why."""
        template = template_for_job(uuid=ctx.arguments["template_uuid"])
        TEMPLATE_FSM.fire(template, "failed", error=error[:1024])
        for event in ("destroy_requested", "succeeded"):
            TEMPLATE_FSM.fire(template, event)
        LimitManager().release(template.account, {ResourceType.TEMPLATE: 1})
        TemplateStoreRef.objects.filter(template=template).update(state=StoreState.DESTROYED)
        template.mark_removed()
