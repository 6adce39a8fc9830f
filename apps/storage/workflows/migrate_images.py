"""Move images from one store to others: copied, then noted there, then deleted here, one after the other."""

from django.db.models import QuerySet

from apps.accounts.models import ResourceType
from apps.accounts.services.limits import LimitManager
from apps.storage.models import DownloadTicket, ImageStore, TemplateStoreRef
from apps.storage.selectors import image_store_for_job
from apps.storage.services import staging
from apps.storage.specs import image_store_ref
from apps.storage.states import StoreState
from cloudstack.framework.drivers import image_store_driver
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow

CHUNK = 1 << 20


class MoveImages(Step):
    """Has no undo: each image is whole in one place or the other, and what has moved has moved."""

    title = "Move the images"

    def plan(self, ctx: JobContext) -> str:
        names = ", ".join(target.name for target in ctx.targets)
        return f"move {self._refs(ctx).count()} images from image store {ctx.source} to {names}"

    def do(self, ctx: JobContext) -> None:
        total = len(ctx.arguments["template_uuids"])
        for number, ref in enumerate(list(self._refs(ctx).select_related("template__account"))):
            ctx.progress(number * 100 // max(total, 1), f"moving {ref.template.name}")
            self._move(ctx, ref, ctx.targets[number % len(ctx.targets)])
        ctx.set_result(
            message=f"{total} images are no longer in image store {ctx.source.name}",
            migrationtype="COMPLETE",
            success=True,
        )

    def _refs(self, ctx: JobContext) -> QuerySet[TemplateStoreRef]:
        wanted = ctx.arguments["template_uuids"]
        refs = TemplateStoreRef.objects.filter(store=ctx.source, template__uuid__in=wanted)
        return refs.filter(template__removed__isnull=True).order_by("pk")

    def _move(self, ctx: JobContext, ref: TemplateStoreRef, target: ImageStore) -> None:
        image, uuid = ref.template, str(ref.template.uuid)
        source, driver = image_store_driver(image_store_ref(ctx.source)), image_store_driver(image_store_ref(target))
        there = TemplateStoreRef.objects.filter(template=image, store=target, state=StoreState.READY).exists()
        if not there:
            file = staging.staging_dir() / f"{uuid}.{ctx.job.epoch}.move"
            try:
                with source.open(uuid) as master, file.open("wb") as copy:
                    while chunk := master.read(CHUNK):
                        copy.write(chunk)
                        ctx.check()
                driver.put(uuid, file)
            finally:
                file.unlink(missing_ok=True)
        with ctx.transaction():
            DownloadTicket.objects.filter(image=image, store=ctx.source).update(store=target)
            if there:
                LimitManager().release(image.account, {ResourceType.SECONDARY_STORAGE: image.physical_size_bytes})
                TemplateStoreRef.objects.filter(pk=ref.pk).delete()
            else:
                # What a failed attempt to bring it there has left gives way.
                TemplateStoreRef.objects.filter(template=image, store=target).delete()
                TemplateStoreRef.objects.filter(pk=ref.pk).update(store=target)
        source.delete(uuid)


class SweepSource(Step):
    """A worker may have died between the note and the deletion."""

    title = "Delete what was left behind"

    def plan(self, ctx: JobContext) -> str:
        return f"delete the moved images from image store {ctx.source}"

    def do(self, ctx: JobContext) -> None:
        driver = image_store_driver(image_store_ref(ctx.source))
        kept = set(TemplateStoreRef.objects.filter(store=ctx.source).values_list("template__uuid", flat=True))
        for uuid in ctx.arguments["template_uuids"]:
            if uuid not in map(str, kept):
                driver.delete(uuid)


@workflow("storage.image_store.migrate")
class MigrateImages(Workflow):
    title = "Move images to another store"
    steps = [MoveImages, SweepSource]

    def load(self, ctx: JobContext) -> None:
        ctx.source = image_store_for_job(uuid=ctx.arguments["source_uuid"])
        ctx.targets = [image_store_for_job(uuid=uuid) for uuid in ctx.arguments["target_uuids"]]
