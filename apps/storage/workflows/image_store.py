"""Ask image stores how large they are."""

from django.utils import timezone

from apps.storage.models import ImageStore
from apps.storage.selectors import image_store_for_job
from apps.storage.specs import image_store_ref
from cloudstack.framework.drivers import image_store_driver
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


def refresh_store(store: ImageStore) -> None:
    """Note what the driver tells of the store's size."""
    facts = image_store_driver(image_store_ref(store)).capacity()
    ImageStore.objects.filter(pk=store.pk).update(
        capacity_bytes=store.capacity_bytes if store.capacity_is_given else facts.capacity_bytes,
        used_bytes=max(facts.capacity_bytes - facts.available_bytes, 0),
        facts_at=timezone.now(),
    )


class AskSize(Step):
    title = "Ask the store how large it is"

    def do(self, ctx: JobContext) -> None:
        refresh_store(ctx.store)


@workflow("storage.image_store.add")
class AddImageStore(Workflow):
    title = "Add an image store"
    steps = [AskSize]

    def load(self, ctx: JobContext) -> None:
        ctx.store = image_store_for_job(uuid=ctx.arguments["store_uuid"])

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """A store that cannot be used is gone again; the job and its event say why."""
        ctx.store.mark_removed()
