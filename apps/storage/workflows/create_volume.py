"""Create a data disk. Nothing is made on storage unless an operator named the pool."""

from apps.accounts.services.limits import LimitManager
from apps.storage.models import Volume
from apps.storage.selectors import pool_for_job, volume_for_job
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.services.volume_states import amounts_of
from apps.storage.states import VolumeState
from apps.storage.workflows.steps import (
    allocate_volume,
    create_volume_on_pool,
    host_for_pool,
    undo_create_volume,
)
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class VolumeWorkflow(Workflow):
    """A workflow on one volume: ``ctx.volume`` is there for all steps."""

    def load(self, ctx: JobContext) -> None:
        ctx.volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])


class MakeOnPool(Step):
    title = "Make the volume on the pool that was asked for"

    def plan(self, ctx: JobContext) -> str:
        return f"make {ctx.volume} on a pool" if ctx.arguments.get("pool_uuid") else "only note the volume"

    def do(self, ctx: JobContext) -> None:
        if not ctx.arguments.get("pool_uuid"):
            return
        pool = pool_for_job(uuid=ctx.arguments["pool_uuid"])
        host = host_for_pool(pool)
        allocate_volume(ctx, ctx.volume, host, only=pool)
        create_volume_on_pool(ctx, ctx.volume, host)

    def verify(self, ctx: JobContext) -> bool:
        return not ctx.arguments.get("pool_uuid") or ctx.volume.state == VolumeState.READY

    def undo(self, ctx: JobContext) -> None:
        volume: Volume = ctx.volume
        volume.refresh_from_db()
        if volume.pool is not None:
            undo_create_volume(ctx, volume, host_for_pool(volume.pool))


@workflow("storage.volume.create")
class CreateVolume(VolumeWorkflow):
    title = "Create a volume"
    steps = [MakeOnPool]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """A volume that could not be made is gone, with what it counted."""
        volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])
        if volume.state != VolumeState.ALLOCATED:
            return
        for event in ("destroy_requested", "expunge_requested", "succeeded"):
            VOLUME_FSM.fire(volume, event)
        volume.mark_removed()
        LimitManager().release(volume.account, amounts_of(volume.size_bytes, of=volume))


@workflow("storage.volume.destroy")
class DestroyVolume(VolumeWorkflow):
    """The volume was put aside by the service; the job is what the protocol promises."""

    title = "Destroy a volume"
    steps = []


@workflow("storage.volume.update")
class UpdateVolume(VolumeWorkflow):
    """The volume was changed by the service; the job is what the protocol promises."""

    title = "Change a volume"
    steps = []
