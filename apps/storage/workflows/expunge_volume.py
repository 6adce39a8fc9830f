"""Remove a destroyed volume for good."""

from apps.storage.selectors import volume_for_job
from apps.storage.services.attachments import machine_of
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.states import VolumeState
from apps.storage.workflows.create_volume import VolumeWorkflow
from apps.storage.workflows.steps import expunge_volume
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, workflow


class Expunge(Step):
    title = "Delete the volume's data"
    irreversible = "The data of the volume are gone for ever."

    def plan(self, ctx: JobContext) -> str:
        return f"delete {ctx.volume} from pool {ctx.volume.pool}" if ctx.volume.pool else f"forget {ctx.volume}"

    def do(self, ctx: JobContext) -> None:
        machine = machine_of(ctx.volume)
        if machine is not None and machine.running:
            # Attached in the moment in which it was destroyed: data that a guest has open is never deleted.
            raise ResourceInUse(f"machine {machine.name} has volume {ctx.volume} open")
        expunge_volume(ctx, ctx.volume)

    def verify(self, ctx: JobContext) -> bool:
        return ctx.volume.state == VolumeState.EXPUNGED


@workflow("storage.volume.expunge")
class ExpungeVolume(VolumeWorkflow):
    title = "Expunge a volume"
    steps = [Expunge]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """Back to Destroy: the sweep tries again later."""
        volume = volume_for_job(uuid=ctx.arguments["volume_uuid"])
        if volume.state == VolumeState.EXPUNGING:
            VOLUME_FSM.fire(volume, "failed")
