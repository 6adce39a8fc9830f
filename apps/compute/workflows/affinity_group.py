"""Affinity groups: rows only, no driver has a part in it."""

from apps.compute.models import AffinityGroup, AffinityMembership
from apps.compute.services.affinity_group import join
from apps.compute.states import VmState
from apps.compute.workflows.steps.loading import VmWorkflow
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class AffinityGroupWorkflow(Workflow):
    """``ctx.group`` is there for all steps."""

    def load(self, ctx: JobContext) -> None:
        ctx.group = AffinityGroup.all_objects.get(uuid=ctx.arguments["group_uuid"])


@workflow("compute.affinity_group.create")
class CreateAffinityGroup(AffinityGroupWorkflow):
    """The row says all."""

    title = "Create an affinity group"
    steps = []


class ForgetMembers(Step):
    title = "Delete the group"

    def plan(self, ctx: JobContext) -> str:
        members = AffinityMembership.objects.filter(group=ctx.group, vm__removed__isnull=True).count()
        return f"delete affinity group {ctx.group}, which {members} machines are in; they stay where they are"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.group.mark_removed()
            AffinityMembership.objects.filter(group=ctx.group).delete()


@workflow("compute.affinity_group.delete")
class DeleteAffinityGroup(AffinityGroupWorkflow):
    title = "Delete an affinity group"
    steps = [ForgetMembers]

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.set_result(success=True)


class ChangeGroups(Step):
    title = "Change the affinity groups"

    def plan(self, ctx: JobContext) -> str:
        names = AffinityGroup.objects.filter(uuid__in=ctx.arguments["group_uuids"]).values_list("name", flat=True)
        return f"put {ctx.vm} into {', '.join(names) or 'no affinity group'}"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.vm.refresh_from_db(fields=["state", "removed"])
            if ctx.vm.removed is not None or ctx.vm.state != VmState.STOPPED:
                raise ResourceInUse(f"machine {ctx.vm} is {ctx.vm.state} by now; only a stopped one changes its groups")
            groups = list(AffinityGroup.objects.filter(uuid__in=ctx.arguments["group_uuids"]))
            if len(groups) != len(ctx.arguments["group_uuids"]):
                raise ResourceInUse("one of the affinity groups has been deleted in the meantime")
            AffinityMembership.objects.filter(vm=ctx.vm).delete()
            join(ctx.vm, groups)


@workflow("compute.vm.update_affinity")
class UpdateVmAffinity(VmWorkflow):
    title = "Change the affinity groups of a machine"
    steps = [ChangeGroups]
