"""Jobs that set and remove details."""

from apps.metadata.kinds import kind_named
from apps.metadata.services.details import DetailManager
from cloudstack.framework.errors import ResourceUnavailable
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class DetailWorkflow(Workflow):
    """``ctx.kind`` and ``ctx.object`` are there for the steps."""

    def load(self, ctx: JobContext) -> None:
        ctx.kind = kind_named(ctx.arguments["kind"], what="details")
        ctx.object = ctx.kind.model._default_manager.filter(uuid=ctx.arguments["uuid"]).first()


class SetDetails(Step):
    title = "Set the details"

    def plan(self, ctx: JobContext) -> str:
        pairs = ", ".join(f"{key}={value}" for key, value in ctx.arguments["details"].items())
        return f"set {pairs} of {ctx.kind.name} {ctx.object}"

    def do(self, ctx: JobContext) -> None:
        if ctx.object is None:
            raise ResourceUnavailable(f"the object of kind {ctx.kind.name} is gone by now")
        with ctx.transaction():
            DetailManager().set_for_job(
                kind=ctx.kind,
                obj=ctx.object,
                details=ctx.arguments["details"],
                displayed=ctx.arguments["displayed"],
            )


@workflow("metadata.details.add")
class AddDetails(DetailWorkflow):
    title = "Set details"
    steps = [SetDetails]


class UnsetDetails(Step):
    title = "Remove the details"

    def plan(self, ctx: JobContext) -> str:
        return f"remove {', '.join(ctx.arguments['keys'])} from {ctx.kind.name} {ctx.object}"

    def do(self, ctx: JobContext) -> None:
        if ctx.object is None:
            return  # Its details have gone with it.
        with ctx.transaction():
            DetailManager().unset_for_job(kind=ctx.kind, obj=ctx.object, keys=ctx.arguments["keys"])


@workflow("metadata.details.remove")
class RemoveDetails(DetailWorkflow):
    title = "Remove details"
    steps = [UnsetDetails]
