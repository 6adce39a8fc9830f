"""Delete a template: its masters, its row, and the cached copies that nothing stands on; others go later."""

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from guardian.models import GroupObjectPermission

from apps.accounts.models import ResourceType
from apps.accounts.services.limits import LimitManager
from apps.storage.models import Template, TemplatePoolRef, TemplateStoreRef, UploadTicket
from apps.storage.selectors import template_for_job
from apps.storage.services import staging
from apps.storage.services.state_machines import TEMPLATE_FSM
from apps.storage.specs import image_store_ref
from apps.storage.states import StoreState, TemplateState, TemplateType
from apps.storage.workflows.register_template import TemplateWorkflow, uncount
from apps.storage.workflows.steps import host_for_pool
from apps.storage.workflows.template_cache import evict_template
from cloudstack.contracts.errors import DriverError
from cloudstack.framework.drivers import image_store_driver
from cloudstack.framework.jobs import JobContext, RetryLater, Step, workflow


class DeleteMasters(Step):
    title = "Delete the template from its image stores"
    irreversible = "The template's file is gone for ever."

    def plan(self, ctx: JobContext) -> str:
        stores = ctx.template.store_refs.exclude(state=StoreState.DESTROYED).count()
        uncount(ctx, ctx.template)
        return f"delete {ctx.template} from {stores} image store{'' if stores == 1 else 's'}"

    def do(self, ctx: JobContext) -> None:
        template: Template = ctx.template
        for ref in template.store_refs.select_related("store__zone").exclude(state=StoreState.DESTROYED):
            image_store_driver(image_store_ref(ref.store)).delete(str(template.uuid))
            with ctx.transaction():
                TemplateStoreRef.objects.filter(pk=ref.pk).update(state=StoreState.DESTROYED, percent=0, size_bytes=0)
        staging.clear(template)
        uncount(ctx, template)


class EvictCopies(Step):
    """What cannot be removed now (in use, no host at hand) is left to the sweep."""

    title = "Remove unused copies from pools"

    def copies(self, ctx: JobContext) -> QuerySet[TemplatePoolRef]:
        return TemplatePoolRef.objects.filter(template=ctx.template).select_related("template", "pool__zone")

    def do(self, ctx: JobContext) -> None:
        for ref in self.copies(ctx):
            try:
                if not evict_template(ctx, ref, host_for_pool(ref.pool)):
                    ctx.log(f"the copy on pool {ref.pool.name} stays: volumes stand on it")
            except (DriverError, RetryLater) as error:
                ctx.log(f"the copy on pool {ref.pool.name} stays for now: {error}")


class LeaveStore(Step):
    """The file goes from stores of this zone alone, as long as another store keeps it."""

    title = "Delete the image from the stores of the zone"

    def plan(self, ctx: JobContext) -> str:
        names = ", ".join(ref.store.name for ref in self._refs(ctx))
        return f"delete {ctx.template} from image store {names}" if names else "keep the file, which other zones use"

    def do(self, ctx: JobContext) -> None:
        template: Template = ctx.template
        for ref in self._refs(ctx):
            image_store_driver(image_store_ref(ref.store)).delete(str(template.uuid))
            with ctx.transaction():
                if TemplateStoreRef.objects.filter(pk=ref.pk).delete()[0]:
                    amount = {ResourceType.SECONDARY_STORAGE: template.physical_size_bytes}
                    LimitManager().release(template.account, amount)

    def _refs(self, ctx: JobContext) -> list[TemplateStoreRef]:
        here = [
            ref
            for ref in ctx.template.store_refs.select_related("store__zone").order_by("pk")
            if ref.store.zone is not None and str(ref.store.zone.uuid) == ctx.arguments["zone_uuid"]
        ]
        elsewhere = ctx.template.store_refs.filter(state=StoreState.READY).exclude(pk__in=[ref.pk for ref in here])
        return here if elsewhere.exists() else []


class EvictCopiesOfZone(EvictCopies):
    title = "Remove unused copies from pools of the zone"

    def copies(self, ctx: JobContext) -> QuerySet[TemplatePoolRef]:
        return super().copies(ctx).filter(pool__zone__uuid=ctx.arguments["zone_uuid"])


@workflow("storage.template.leave_zone")
class LeaveZone(TemplateWorkflow):
    title = "Delete an image from one zone"
    steps = [LeaveStore, EvictCopiesOfZone]

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.set_result(success=True)


@workflow("storage.template.delete")
class DeleteTemplate(TemplateWorkflow):
    title = "Delete a template"
    steps = [DeleteMasters, EvictCopies]

    def rehearse(self, ctx: JobContext) -> None:
        _uncount_piece(ctx.template)

    def on_succeeded(self, ctx: JobContext) -> None:
        template = template_for_job(uuid=ctx.arguments["template_uuid"])
        TEMPLATE_FSM.fire(template, "succeeded", error="")
        _uncount_piece(template)
        UploadTicket.objects.filter(template=template).delete()
        shared = GroupObjectPermission.objects.filter(content_type=ContentType.objects.get_for_model(Template))
        shared.filter(object_pk=str(template.pk)).delete()
        template.mark_removed()
        ctx.set_result(success=True)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        template = template_for_job(uuid=ctx.arguments["template_uuid"])
        if template.state == TemplateState.DESTROYING:
            TEMPLATE_FSM.fire(template, "failed", error=error[:1024])


def _uncount_piece(template: Template) -> None:
    if template.type != TemplateType.VOLUME:
        LimitManager().release(template.account, {ResourceType.TEMPLATE: 1})


@workflow("storage.template.evict")
class EvictTemplate(TemplateWorkflow):
    """Sent by the sweep for templates that are deleted and of which copies are left."""

    title = "Remove unused copies of a deleted template"
    steps = [EvictCopies]
