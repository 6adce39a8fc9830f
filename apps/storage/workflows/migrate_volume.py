"""Move a volume to another pool: copied by a host that sees both, then deleted where it was."""

from apps.infrastructure.models import Host
from apps.storage.models import DiskOffering, StoragePool, Volume
from apps.storage.selectors import hosts_of_pool, pool_for_job
from apps.storage.services import allocation
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.specs import pool_ref, volume_spec
from apps.storage.states import VolumeState
from apps.storage.workflows.copying import copier, refuse_open
from apps.storage.workflows.create_volume import VolumeWorkflow
from apps.storage.workflows.steps import driver_for, host_for_pool, remember
from cloudstack.contracts.errors import DriverError, DriverUnavailable
from cloudstack.framework.errors import StaleState
from cloudstack.framework.jobs import JobContext, Step, workflow


class BeginMove(Step):
    title = "Reserve the room and take the volume in hand"

    def plan(self, ctx: JobContext) -> str:
        return f"reserve {ctx.volume.size_bytes} bytes of pool {ctx.target}"

    def do(self, ctx: JobContext) -> None:
        volume: Volume = ctx.volume
        refuse_open(volume)
        with ctx.transaction():
            volume.refresh_from_db(fields=["state", "pool", "path", "size_bytes"])
            if volume.state == VolumeState.READY:
                VOLUME_FSM.fire(volume, "migration_requested")
            elif volume.state != VolumeState.MIGRATING:
                raise StaleState(f"volume {volume} is {volume.state} by now")
            allocation.reserve(pool=ctx.target, holder_uuid=volume.uuid, size_bytes=volume.size_bytes)
            remember(ctx, source_uuid=str(volume.pool.uuid), old_path=volume.path)

    def verify(self, ctx: JobContext) -> bool:
        return ctx.volume.state == VolumeState.MIGRATING and "old_path" in ctx.data

    def undo(self, ctx: JobContext) -> None:
        if ctx.data.get("moved"):
            return
        with ctx.transaction():
            allocation.release(holder_uuid=ctx.volume.uuid, pool=ctx.target)
            ctx.volume.refresh_from_db(fields=["state"])
            if ctx.volume.state == VolumeState.MIGRATING:
                VOLUME_FSM.fire(ctx.volume, "failed")


class CopyData(Step):
    title = "Copy the data"

    def plan(self, ctx: JobContext) -> str:
        return f"copy {ctx.volume} from pool {ctx.volume.pool} to pool {ctx.target}"

    def do(self, ctx: JobContext) -> None:
        volume, target = ctx.volume, ctx.target
        if ctx.data.get("moved"):
            return
        source = pool_for_job(uuid=ctx.data["source_uuid"])
        driver = copier(target, host_for_both(source, target))
        facts = driver.copy_volume(volume_spec(volume), pool_ref(source), ctx.data["old_path"])
        changes = {"pool": target, "path": facts.path, "format": facts.format}
        offering = DiskOffering.all_objects.filter(uuid=ctx.arguments.get("offering_uuid") or None).first()
        if offering is not None:
            changes["disk_offering"] = offering
        with ctx.transaction():
            VOLUME_FSM.fire(volume, "succeeded", physical_size_bytes=facts.allocated_bytes, **changes)
            allocation.release(holder_uuid=volume.uuid, pool=source)
            remember(ctx, moved=True)

    def undo(self, ctx: JobContext) -> None:
        """What the copy has left; once the volume stands on it, it stays."""
        if ctx.data.get("moved") or "source_uuid" not in ctx.data:
            return
        source = pool_for_job(uuid=ctx.data["source_uuid"])
        driver = copier(ctx.target, host_for_both(source, ctx.target))
        driver.delete_volume(driver.volume_path(str(ctx.volume.uuid)))


class DeleteOld(Step):
    """The volume has moved by now, so what cannot be deleted is only told."""

    title = "Delete the data on the old pool"

    def do(self, ctx: JobContext) -> None:
        source, path = pool_for_job(uuid=ctx.data["source_uuid"]), ctx.data["old_path"]
        try:
            driver_for(source, host_for_pool(source)).delete_volume(path)
        except DriverError as error:
            if error.retryable:
                raise
            ctx.log(f"{path} on pool {source.name} was not deleted: {error}")


@workflow("storage.volume.migrate")
class MigrateVolume(VolumeWorkflow):
    title = "Move a volume to another pool"
    steps = [BeginMove, CopyData, DeleteOld]

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        ctx.target = pool_for_job(uuid=ctx.arguments["pool_uuid"])


def host_for_both(source: StoragePool, target: StoragePool) -> Host:
    """A host that sees both pools and answers; ``DriverUnavailable`` (the job tries again) when there is none."""
    host = hosts_of_pool(target).filter(pool_hosts__pool=source).first()
    if host is None:
        raise DriverUnavailable(f"no host that is Up sees both pool {source.name} and pool {target.name}")
    return host
