"""Jobs that attach tags and take them off."""

from apps.accounts.models import Account
from apps.metadata.kinds import kind_named
from apps.metadata.services.tags import TagManager, tags_meant
from cloudstack.framework.errors import ResourceUnavailable
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class TagWorkflow(Workflow):
    """``ctx.kind``, ``ctx.objects`` (those that are still there) and ``ctx.pairs`` are there for the steps."""

    def load(self, ctx: JobContext) -> None:
        ctx.kind = kind_named(ctx.arguments["kind"], what="tags")
        found = ctx.kind.model._default_manager.filter(uuid__in=ctx.arguments["uuids"])
        ctx.objects = list(found.select_related(*filter(None, [ctx.kind.owner])))
        ctx.pairs = [(key, value) for key, value in ctx.arguments["pairs"]]


class AttachTags(Step):
    title = "Attach the tags"

    def plan(self, ctx: JobContext) -> str:
        shown = ", ".join(f"{key}={value}" for key, value in ctx.pairs)
        return f"attach {shown} to {', '.join(str(obj) for obj in ctx.objects)}"

    def do(self, ctx: JobContext) -> None:
        if len(ctx.objects) < len(ctx.arguments["uuids"]):
            raise ResourceUnavailable(f"an object of kind {ctx.kind.name} is gone by now: no tag was attached")
        with ctx.transaction():
            TagManager().attach_for_job(
                caller_account=Account.all_objects.get(pk=ctx.arguments["account_id"]),
                kind=ctx.kind,
                objects=ctx.objects,
                pairs=ctx.pairs,
                customer=ctx.arguments["customer"],
                again=ctx.again,
            )


@workflow("metadata.tags.create")
class CreateTags(TagWorkflow):
    title = "Attach tags"
    steps = [AttachTags]


class DetachTags(Step):
    title = "Take the tags off"

    def plan(self, ctx: JobContext) -> str:
        tags = ", ".join(str(tag) for tag in tags_meant(ctx.kind, ctx.objects, ctx.pairs).order_by("id"))
        return f"take {tags} off {', '.join(str(obj) for obj in ctx.objects)}"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            TagManager().detach_for_job(kind=ctx.kind, objects=ctx.objects, pairs=ctx.pairs)


@workflow("metadata.tags.delete")
class DeleteTags(TagWorkflow):
    title = "Take tags off"
    steps = [DetachTags]
