"""Have the storage look for errors in a volume."""

from apps.storage.workflows.copying import refuse_open
from apps.storage.workflows.create_volume import VolumeWorkflow
from apps.storage.workflows.steps import driver_for, host_for_pool
from cloudstack.contracts.errors import NotSupported
from cloudstack.contracts.storage import SupportsVolumeCheck
from cloudstack.framework.jobs import JobContext, Step, workflow


class Check(Step):
    title = "Check the volume's data"

    def plan(self, ctx: JobContext) -> str:
        repair = ctx.arguments["repair"]
        return f"check {ctx.volume}" + (f" and repair {repair}" if repair else "")

    def do(self, ctx: JobContext) -> None:
        volume = ctx.volume
        refuse_open(volume)
        driver = driver_for(volume.pool, host_for_pool(volume.pool))
        if not isinstance(driver, SupportsVolumeCheck):
            raise NotSupported(f"volumes on storage of type {volume.pool.type} cannot be checked")
        ctx.progress(10, f"checking {volume.name}")
        result = {"volumecheckresult": dict(driver.check_volume(volume.path))}
        if ctx.arguments["repair"]:
            ctx.progress(50, f"repairing {volume.name}")
            result["volumerepairresult"] = dict(driver.check_volume(volume.path, repair=ctx.arguments["repair"]))
        ctx.set_result(**result)


@workflow("storage.volume.check")
class CheckVolume(VolumeWorkflow):
    title = "Check a volume"
    steps = [Check]
