"""Give out an address for the file of an image, or for a copy of a volume."""

from apps.storage.models import DownloadTicket
from apps.storage.selectors import template_for_job
from apps.storage.services import staging
from apps.storage.specs import image_store_ref
from apps.storage.workflows.copying import CopyAside, DropCopy, fetch_copy
from apps.storage.workflows.create_volume import VolumeWorkflow
from cloudstack.framework.drivers import image_store_driver
from cloudstack.framework.errors import ResourceUnavailable
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


def load_ticket(ctx: JobContext) -> None:
    tickets = DownloadTicket.objects.select_related("store__zone", "image", "volume")
    ctx.ticket = tickets.filter(uuid=ctx.arguments["ticket_uuid"]).first()


def open_ticket(ctx: JobContext) -> None:
    with ctx.transaction():
        DownloadTicket.objects.filter(pk=ctx.ticket.pk).update(ready=True)
    ctx.set_result(ticket=str(ctx.ticket.uuid))


class LookForFile(Step):
    title = "Look for the file and open the address"

    def plan(self, ctx: JobContext) -> str:
        return f"give out an address for the file in image store {ctx.ticket.store}"

    def do(self, ctx: JobContext) -> None:
        store = ctx.ticket.store
        if not image_store_driver(image_store_ref(store)).exists(ctx.ticket.key):
            raise ResourceUnavailable(f"image store {store.name} does not hold {ctx.template.name} any more")
        open_ticket(ctx)


class StoreCopy(Step):
    """One step, because the file lies on this machine's disk on its way: whoever takes over begins again."""

    title = "Put the copy into the image store and open the address"

    def plan(self, ctx: JobContext) -> str:
        return f"put the copy into image store {ctx.ticket.store}"

    def do(self, ctx: JobContext) -> None:
        file = staging.staging_dir() / f"{ctx.ticket.uuid}.{ctx.job.epoch}.part"
        try:
            fetch_copy(ctx, file)
            image_store_driver(image_store_ref(ctx.ticket.store)).put(ctx.ticket.key, file)
        finally:
            file.unlink(missing_ok=True)
        open_ticket(ctx)

    def undo(self, ctx: JobContext) -> None:
        image_store_driver(image_store_ref(ctx.ticket.store)).delete(ctx.ticket.key)


@workflow("storage.template.extract")
class ExtractImage(Workflow):
    title = "Give out the address of an image"
    steps = [LookForFile]

    def load(self, ctx: JobContext) -> None:
        ctx.template = template_for_job(uuid=ctx.arguments["template_uuid"])
        load_ticket(ctx)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        DownloadTicket.objects.filter(uuid=ctx.arguments["ticket_uuid"]).delete()


@workflow("storage.volume.extract")
class ExtractVolume(VolumeWorkflow):
    title = "Copy a volume for its download"
    steps = [CopyAside, StoreCopy, DropCopy]

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        load_ticket(ctx)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        DownloadTicket.objects.filter(uuid=ctx.arguments["ticket_uuid"]).delete()
