"""Grow a volume: on its pool, or through the hypervisor when a running machine has it open."""

from typing import Any

from apps.accounts.services.limits import LimitManager
from apps.storage.models import DiskOffering, Volume
from apps.storage.selectors import volume_for_job
from apps.storage.services import allocation
from apps.storage.services.attachments import machine_of, resize_online
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.services.volume_states import amounts_of, recount_by_tags
from apps.storage.states import VolumeState
from apps.storage.workflows.create_volume import VolumeWorkflow
from apps.storage.workflows.steps import driver_for, host_for_pool, remember
from cloudstack.framework.errors import InsufficientCapacity, InvalidParameter
from cloudstack.framework.jobs import JobContext, Step, workflow


class TakeRoom(Step):
    title = "Reserve the room and take the volume in hand"

    def plan(self, ctx: JobContext) -> str:
        return f"grow {ctx.volume} from {ctx.volume.size_bytes} to {ctx.arguments['size_bytes']} bytes"

    def do(self, ctx: JobContext) -> None:
        try:
            self._take(ctx, ctx.volume, ctx.arguments["size_bytes"])
        except InsufficientCapacity as full:
            # The reason names the pool: it is for operators.
            ctx.log(full.message)
            raise InsufficientCapacity(f"the storage of volume {ctx.volume} has no room for its growth") from None

    def _take(self, ctx: JobContext, volume: Volume, size_bytes: int) -> None:
        if ctx.data.get("limits_given_back"):
            # The job failed once and is tried again.
            with ctx.transaction():
                LimitManager().reserve(volume.account, amounts_of(ctx.arguments["reserved_bytes"], pieces=0, of=volume))
                remember(ctx, limits_given_back=False)
        with ctx.transaction():
            volume.refresh_from_db(fields=["state", "pool", "size_bytes"])
            if size_bytes < volume.size_bytes:
                raise InvalidParameter(f"volume {volume} has grown to {volume.size_bytes} bytes in the meantime")
            if volume.state != VolumeState.ALLOCATED:
                VOLUME_FSM.fire(volume, "resize_requested")
            if volume.pool is not None:
                allocation.reserve(pool=volume.pool, holder_uuid=volume.uuid, size_bytes=size_bytes)

    def verify(self, ctx: JobContext) -> bool:
        return ctx.volume.state == VolumeState.RESIZING

    def undo(self, ctx: JobContext) -> None:
        volume: Volume = ctx.volume
        with ctx.transaction():
            volume.refresh_from_db(fields=["state", "pool", "size_bytes"])
            if volume.pool is not None:
                allocation.reserve(pool=volume.pool, holder_uuid=volume.uuid, size_bytes=volume.size_bytes)
            if volume.state == VolumeState.RESIZING:
                VOLUME_FSM.fire(volume, "failed")


class Grow(Step):
    """Has no undo: what grew cannot shrink. If it fails half-way the rows keep the old, smaller size."""

    title = "Grow the volume"

    def do(self, ctx: JobContext) -> None:
        volume: Volume = ctx.volume
        size_bytes = ctx.arguments["size_bytes"]
        if ctx.data.get("grown"):
            return
        changes: dict[str, Any] = {"size_bytes": size_bytes}
        if volume.state == VolumeState.RESIZING and volume.pool is not None:
            machine = machine_of(volume)
            if machine is not None and machine.running:
                resize_online(ctx, volume, size_bytes)
            else:
                driver = driver_for(volume.pool, host_for_pool(volume.pool))
                changes["physical_size_bytes"] = driver.resize_volume(volume.path, size_bytes).allocated_bytes
        offering = DiskOffering.all_objects.filter(uuid=ctx.arguments.get("offering_uuid") or None).first()
        if offering is not None:
            changes["disk_offering"] = offering
            changes.update(min_iops=offering.min_iops, max_iops=offering.max_iops)
        asked = {name: ctx.arguments.get(name) for name in ("min_iops", "max_iops")}
        changes.update({name: value for name, value in asked.items() if value is not None})
        with ctx.transaction():
            volume.refresh_from_db(fields=["state", "size_bytes"])
            # Another resize may have come in between: what was taken from the limits for nothing goes back.
            surplus = ctx.arguments["reserved_bytes"] - (size_bytes - volume.size_bytes)
            before = volume.disk_offering
            if volume.state == VolumeState.RESIZING:
                VOLUME_FSM.fire(volume, "succeeded", **changes)
            else:
                Volume.objects.filter(pk=volume.pk, state=VolumeState.ALLOCATED).update(**changes)
            if surplus > 0:
                LimitManager().release(volume.account, amounts_of(surplus, pieces=0, of=before))
            if offering is not None:
                volume.size_bytes = size_bytes
                recount_by_tags(volume, before=before, after=offering)
            remember(ctx, grown=True)


@workflow("storage.volume.resize")
class ResizeVolume(VolumeWorkflow):
    title = "Resize a volume"
    steps = [TakeRoom, Grow]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """Give the limits back what the service had taken for the growth."""
        if not (ctx.data.get("grown") or ctx.data.get("limits_given_back")):
            volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])
            LimitManager().release(volume.account, amounts_of(ctx.arguments["reserved_bytes"], pieces=0, of=volume))
            ctx.data["limits_given_back"] = True
