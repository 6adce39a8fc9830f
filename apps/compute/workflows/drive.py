"""Put a disc into a machine's drive, and take it out, whether the machine runs or not."""

from apps.compute.models import Drive
from apps.compute.specs import disc_spec
from apps.compute.states import VmState
from apps.compute.workflows.steps.disks import bring_disc
from apps.compute.workflows.steps.loading import VmWorkflow, driver_of, expect_steady, reload_vm
from apps.storage.models import Template
from apps.storage.selectors import template_for_job
from cloudstack.contracts.errors import NotSupported
from cloudstack.contracts.hypervisor import SupportsDiscs
from cloudstack.framework.errors import ResourceUnavailable
from cloudstack.framework.jobs import JobContext, Step, workflow


def disc_drive(ctx: JobContext) -> SupportsDiscs:
    """The driver of the machine's host. Raises ``NotSupported`` when discs cannot change there."""
    driver = driver_of(ctx.vm.host)
    if not isinstance(driver, SupportsDiscs):
        raise NotSupported(f"hosts of {ctx.vm.hypervisor} change discs only while the machine is stopped")
    return driver


class NoteDisc(Step):
    """Notes what was in the drive before, to put it back if the new disc does not get in."""

    title = "Note the disc"

    def plan(self, ctx: JobContext) -> str:
        return f"note ISO {self._iso(ctx)} as the disc of {ctx.vm}"

    def do(self, ctx: JobContext) -> None:
        expect_steady(ctx.vm)
        iso = self._iso(ctx)
        if iso.removed is not None:
            raise ResourceUnavailable(f"ISO {iso} has been deleted in the meantime")
        with ctx.transaction():
            before = Drive.objects.filter(vm=ctx.vm).first()
            ctx.data.setdefault("before", str(before.iso.uuid) if before else "")
            Drive.objects.update_or_create(vm=ctx.vm, defaults={"iso": iso, "pool": None, "path": ""})
        reload_vm(ctx)

    def undo(self, ctx: JobContext) -> None:
        if "before" not in ctx.data:
            return
        with ctx.transaction():
            if ctx.data["before"]:
                old = template_for_job(uuid=ctx.data["before"])
                Drive.objects.update_or_create(vm=ctx.vm, defaults={"iso": old})
            else:
                Drive.objects.filter(vm=ctx.vm).delete()
        reload_vm(ctx)

    def _iso(self, ctx: JobContext) -> Template:
        return template_for_job(uuid=ctx.arguments["iso_uuid"])


class InsertDisc(Step):
    title = "Insert the disc"

    def plan(self, ctx: JobContext) -> str:
        if ctx.vm.state != VmState.RUNNING:
            return f"nothing until {ctx.vm} starts"
        return f"bring the ISO to the pool of {ctx.vm} and insert it"

    def do(self, ctx: JobContext) -> None:
        if ctx.vm.state == VmState.RUNNING:
            drive = disc_drive(ctx)
            bring_disc(ctx, ctx.vm, ctx.vm.host)
            self._insert(ctx, drive)

    def undo(self, ctx: JobContext) -> None:
        """Back to what was in the drive before; its copy is still where it was or is brought again."""
        if ctx.vm.state != VmState.RUNNING:
            return
        drive = disc_drive(ctx)
        if not ctx.data["before"]:
            drive.eject_disc(str(ctx.vm.uuid), force=True)
            return
        with ctx.transaction():
            old = template_for_job(uuid=ctx.data["before"])
            Drive.objects.filter(vm=ctx.vm).update(iso=old, pool=None, path="")
        reload_vm(ctx)
        bring_disc(ctx, ctx.vm, ctx.vm.host)
        self._insert(ctx, drive)

    def _insert(self, ctx: JobContext, drive: SupportsDiscs) -> None:
        noted: Drive = ctx.vm.drive
        drive.insert_disc(str(ctx.vm.uuid), disc_spec(noted, noted.pool, noted.path))


class EjectDisc(Step):
    title = "Eject the disc"

    def plan(self, ctx: JobContext) -> str:
        return f"empty the drive of {ctx.vm}"

    def do(self, ctx: JobContext) -> None:
        expect_steady(ctx.vm)
        if ctx.vm.state == VmState.RUNNING:
            disc_drive(ctx).eject_disc(str(ctx.vm.uuid), force=bool(ctx.arguments.get("forced")))


class ForgetDisc(Step):
    title = "Note that the drive is empty"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            Drive.objects.filter(vm=ctx.vm).delete()


@workflow("compute.drive.attach")
class AttachIso(VmWorkflow):
    title = "Insert an ISO"
    steps = [NoteDisc, InsertDisc]


@workflow("compute.drive.detach")
class DetachIso(VmWorkflow):
    title = "Eject an ISO"
    steps = [EjectDisc, ForgetDisc]
