"""Bring an image that is ready to further zones, and to pools before it is needed there."""

from apps.accounts.models import ResourceType
from apps.accounts.services.limits import LimitManager
from apps.infrastructure.models import Zone
from apps.storage.models import Template, TemplateStoreRef, TemplateZone
from apps.storage.selectors import pool_for_job
from apps.storage.services import staging
from apps.storage.specs import image_store_ref
from apps.storage.states import StoreState
from apps.storage.workflows.register_template import TemplateWorkflow
from apps.storage.workflows.steps import host_for_pool
from apps.storage.workflows.template_cache import ensure_template_on_pool, open_master
from cloudstack.framework.drivers import image_store_driver
from cloudstack.framework.jobs import JobContext, Step, workflow

CHUNK = 1 << 20


class CopyToStores(Step):
    """One step, because the file lies on this machine's disk on its way: whoever takes over begins again."""

    title = "Copy the image to the stores of the zones"

    def plan(self, ctx: JobContext) -> str:
        names = ", ".join(ref.store.name for ref in self._refs(ctx))
        return f"copy {ctx.template} to image stores {names}" if names else "nothing: the stores have it already"

    def do(self, ctx: JobContext) -> None:
        template: Template = ctx.template
        uuid = str(template.uuid)
        missing = [ref for ref in self._refs(ctx) if ref.state != StoreState.READY]
        if not missing:
            return
        file = staging.download_file(template, ctx.job.epoch)
        staging.clear(template, but=file)
        try:
            with open_master(template) as source, file.open("wb") as target:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    ctx.check()
            for number, ref in enumerate(missing):
                ctx.progress(50 + number * 50 // len(missing), f"putting {template.name} into {ref.store.name}")
                image_store_driver(image_store_ref(ref.store)).put(uuid, file)
                with ctx.transaction():
                    TemplateStoreRef.objects.filter(pk=ref.pk).update(
                        state=StoreState.READY, percent=100, size_bytes=template.physical_size_bytes
                    )
        finally:
            file.unlink(missing_ok=True)

    def undo(self, ctx: JobContext) -> None:
        for ref in self._refs(ctx):
            image_store_driver(image_store_ref(ref.store)).delete(str(ctx.template.uuid))
            with ctx.transaction():
                TemplateStoreRef.objects.filter(pk=ref.pk).update(state=StoreState.FAILED, percent=0, size_bytes=0)

    def _refs(self, ctx: JobContext) -> list[TemplateStoreRef]:
        refs = ctx.template.store_refs.filter(store__uuid__in=ctx.arguments["store_uuids"])
        return list(refs.select_related("store__zone").order_by("pk"))


@workflow("storage.template.copy")
class CopyTemplate(TemplateWorkflow):
    title = "Copy an image to other zones"
    steps = [CopyToStores]

    def on_succeeded(self, ctx: JobContext) -> None:
        for zone in Zone.objects.filter(uuid__in=ctx.arguments["zone_uuids"]):
            TemplateZone.objects.get_or_create(template=ctx.template, zone=zone)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """The image stays where it was; what was taken from the owner's limit goes back."""
        refs = TemplateStoreRef.objects.filter(template=ctx.template, store__uuid__in=ctx.arguments["store_uuids"])
        gone, _ = refs.delete()
        amount = ctx.template.physical_size_bytes * gone
        LimitManager().release(ctx.template.account, {ResourceType.SECONDARY_STORAGE: amount})


class CopyToPools(Step):
    title = "Copy the template to the pools"

    def plan(self, ctx: JobContext) -> str:
        names = ", ".join(pool_for_job(uuid=uuid).name for uuid in ctx.arguments["pool_uuids"])
        return f"copy {ctx.template} to {names}, where it is not there yet"

    def do(self, ctx: JobContext) -> None:
        for uuid in ctx.arguments["pool_uuids"]:
            pool = pool_for_job(uuid=uuid)
            ensure_template_on_pool(ctx, ctx.template, pool, host_for_pool(pool))


@workflow("storage.template.prepare")
class PrepareTemplate(TemplateWorkflow):
    title = "Copy a template to pools before it is needed"
    steps = [CopyToPools]
