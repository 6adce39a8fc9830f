"""Carry out a plan that evens out a cluster: its moves are jobs of their own."""

from apps.compute.config import DRS_AT_ONCE
from apps.compute.events import VM_MIGRATE
from apps.compute.models import ClusterDrsMigration, ClusterDrsPlan, Nic, VirtualMachine
from apps.compute.services.drs_state import DRS_PLAN_FSM
from apps.compute.states import DRS_PLAN_TRANSITIONAL, DrsPlanState, PlacementPurpose, VmState
from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater, Step, Workflow, dispatch, workflow

POLL_S = 2.0


class MoveMachines(Step):
    """A move that fails is noted and the others go on: the cluster is more even with each of them."""

    title = "Move the machines"
    patience_s = 6 * 3600

    def plan(self, ctx: JobContext) -> str:
        moves = ctx.plan.migrations.select_related("vm", "source", "destination")
        return "; ".join(f"move {move}" for move in moves) or "move no machine"

    def do(self, ctx: JobContext) -> None:
        ctx.check()
        if ctx.plan.state == DrsPlanState.READY:
            with ctx.transaction():
                DRS_PLAN_FSM.fire(ctx.plan, "begin")
        moves = list(ctx.plan.migrations.filter(outcome="").select_related("vm__account", "destination"))
        jobs = {job.uuid: job for job in AsyncJob.objects.filter(uuid__in=[move.job_uuid for move in moves])}
        under_way = 0
        for move in moves:
            job = jobs.get(move.job_uuid)
            if job is not None and job.is_live:
                under_way += 1
            elif job is not None:
                with ctx.transaction():
                    settle(move, job)
        for move in moves:
            if move.job_uuid is None and under_way < int(DRS_AT_ONCE.value()):
                under_way += self._begin(ctx, move)
        left = ctx.plan.migrations.filter(outcome="").count()
        if left:
            raise RetryLater(POLL_S, f"{left} machines are to move")

    def _begin(self, ctx: JobContext, move: ClusterDrsMigration) -> int:
        """Start the move, unless the machine has gone elsewhere since; answers how many were started."""
        vm = VirtualMachine.objects.filter(pk=move.vm_id).first()
        if vm is None or vm.state != VmState.RUNNING or vm.host_id != move.source_id:
            with ctx.transaction():
                note(move, "the machine no longer runs where the plan found it")
            return 0
        networks = Nic.objects.filter(vm=vm).values_list("network__uuid", flat=True)
        with ctx.transaction():
            job = dispatch(
                "compute.vm.migrate",
                exclusive=[f"vm:{vm.uuid}"],
                shared=[f"network:{uuid}" for uuid in networks],
                resource=vm,
                arguments={
                    "vm_uuid": str(vm.uuid),
                    "host_uuid": str(move.destination.uuid),
                    "purpose": PlacementPurpose.EVEN_OUT,
                },
                description=f"Move {vm} to even out its cluster",
                event_type=VM_MIGRATE,
            )
            ClusterDrsMigration.objects.filter(pk=move.pk).update(job_uuid=job.uuid)
        return 1


def settle(move: ClusterDrsMigration, job: AsyncJob) -> None:
    """Note what became of a move."""
    outcome = "done" if job.status == AsyncJob.Status.SUCCEEDED else job.error_text or "cancelled"
    note(move, outcome)


def note(move: ClusterDrsMigration, outcome: str) -> None:
    ClusterDrsMigration.objects.filter(pk=move.pk).update(outcome=outcome[:1024])


@workflow("compute.cluster.drs")
class EvenOut(Workflow):
    title = "Even out a cluster"
    steps = [MoveMachines]

    def load(self, ctx: JobContext) -> None:
        ctx.plan = ClusterDrsPlan.objects.select_related("cluster").get(uuid=ctx.arguments["plan_uuid"])

    def on_succeeded(self, ctx: JobContext) -> None:
        self._end(ctx)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """Moves under way go on by themselves; those that were not begun are not."""
        ctx.plan.migrations.filter(outcome="", job_uuid__isnull=True).update(outcome=error[:1024] or "cancelled")
        self._end(ctx)

    def _end(self, ctx: JobContext) -> None:
        ctx.plan.refresh_from_db(fields=["state"])
        if ctx.plan.state in DRS_PLAN_TRANSITIONAL:
            DRS_PLAN_FSM.fire(ctx.plan, "end")
