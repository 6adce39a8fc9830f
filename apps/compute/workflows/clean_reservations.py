"""Promises of CPU and memory that nobody will use any more."""

from apps.compute.models import VirtualMachine
from apps.compute.states import VM_HOLDS_HOST, VmState
from apps.infrastructure.models import CapacityReservation
from apps.infrastructure.services import capacity
from cloudstack.framework.jobs import AsyncJob, JobContext, Step, Workflow, workflow


class ReleaseStale(Step):
    """A machine holds promises while it is on its way or runs; on one host then, unless it migrates."""

    title = "Release what is held in vain"

    def plan(self, ctx: JobContext) -> str:
        return f"release {sum(1 for row in _rows() if _is_stale(row))} promises that no machine needs"

    def do(self, ctx: JobContext) -> None:
        released = 0
        for row in _rows():
            if not _is_stale(row):
                continue
            with ctx.transaction():
                VirtualMachine.all_objects.select_for_update().filter(uuid=row.holder_uuid).first()
                if _is_stale(row):
                    released += capacity.release(holder_uuid=row.holder_uuid, host=row.host)
        ctx.log(f"{released} promises released")


def _rows() -> list[CapacityReservation]:
    return list(CapacityReservation.objects.select_related("host").order_by("pk"))


def _is_stale(row: CapacityReservation) -> bool:
    vm = VirtualMachine.all_objects.filter(uuid=row.holder_uuid).first()
    if vm is None or AsyncJob.objects.filter(resource_uuid=vm.uuid, status__in=AsyncJob.LIVE).exists():
        # Held by something else than a machine, or a job has it in hand.
        return False
    if vm.removed is not None or vm.state not in VM_HOLDS_HOST:
        return True
    return vm.state == VmState.RUNNING and vm.host_id != row.host_id


@workflow("compute.reservation.clean")
class CleanReservations(Workflow):
    title = "Release promises of capacity that no machine needs"
    steps = [ReleaseStale]

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.set_result(success=True)
