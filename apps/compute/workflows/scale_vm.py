"""A stopped machine has got another size: the rows say all, its next start takes it."""

from apps.compute.workflows.steps.loading import VmWorkflow
from cloudstack.framework.jobs import JobContext, workflow


@workflow("compute.vm.scale")
class ScaleVm(VmWorkflow):
    title = "Resize a machine"
    steps = []

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.set_result(success=True)
