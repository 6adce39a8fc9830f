"""Make the root disk of a machine anew. What was on the old one is given up once the new one is on record."""

import uuid

from apps.accounts.services.limits import LimitManager
from apps.compute.models import VirtualMachine, VolumeAttachment
from apps.compute.services.passwords import password_for
from apps.compute.states import VmState
from apps.compute.workflows.start_vm import StartVm
from apps.compute.workflows.steps.disks import ROOT_SLOT
from apps.compute.workflows.steps.guest import StopGuest
from apps.compute.workflows.steps.loading import VmWorkflow, reload_vm
from apps.compute.workflows.steps.networks import ReleaseNetworks
from apps.compute.workflows.steps.state import BeginStop
from apps.compute.workflows.stop_vm import settle_as_stopped
from apps.storage.models import DiskOffering, Template, Volume
from apps.storage.selectors import volume_for_job
from apps.storage.services.volume_states import amounts_of, retire
from apps.storage.states import VolumeState, VolumeType
from apps.storage.workflows.steps import expunge_volume, remember
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, workflow


class SettleStopped(Step):
    """From here on it is a stopped machine; what fails later leaves it so."""

    title = "Note that the machine is stopped"

    def plan(self, ctx: JobContext) -> str:
        self.do(ctx)
        return f"{ctx.vm} is {ctx.vm.state} then"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.vm.refresh_from_db(fields=["state", "host"])
            if ctx.vm.state == VmState.STOPPING:
                settle_as_stopped(ctx, "succeeded")

    def verify(self, ctx: JobContext) -> bool:
        return ctx.vm.state == VmState.STOPPED


class SwapRoot(Step):
    """One transaction: the new disk takes the old one's slot, and the old one is a destroyed volume then."""

    title = "Put a new root disk in place of the old one"

    def plan(self, ctx: JobContext) -> str:
        template = Template.all_objects.get(uuid=ctx.arguments["template_uuid"])
        gib = ctx.arguments["size_bytes"] / 2**30
        return f"destroy the root disk of {ctx.vm} and give it a new one of {gib:.1f} GiB from template {template}"

    def do(self, ctx: JobContext) -> None:
        if "new_uuid" in ctx.data:
            return
        with ctx.transaction():
            vm = reload_vm(ctx)
            if vm.removed is not None or vm.state != VmState.STOPPED:
                raise ResourceInUse(f"machine {vm} is {'gone' if vm.removed else vm.state} by now")
            old = next((one.volume for one in vm.live_attachments if one.device_id == ROOT_SLOT), None)
            if old is None or old.state not in (VolumeState.READY, VolumeState.ALLOCATED):
                raise ResourceInUse(f"the root disk of machine {vm} is gone by now, or something is done with it")
            template = Template.objects.select_related("guest_os").filter(uuid=ctx.arguments["template_uuid"]).first()
            if template is None:
                raise ResourceInUse("the template has been deleted in the meantime")
            new = self._new(ctx, vm, old, template)
            retire(old)
            LimitManager().reserve(vm.account, amounts_of(new.size_bytes, of=new))
            new.save(force_insert=True)
            VolumeAttachment.objects.filter(vm=vm, device_id=ROOT_SLOT).update(volume=new)
            password = password_for(template, None)
            changes = {"template": template}
            if template.pk != vm.template_id:
                changes["guest_os"] = template.guest_os
            if password is not None:
                changes |= {"password": password, "password_job": ctx.job.uuid}
            VirtualMachine.objects.filter(pk=vm.pk).update(**changes)
            remember(ctx, old_uuid=str(old.uuid), new_uuid=str(new.uuid))
        reload_vm(ctx)

    def _new(self, ctx: JobContext, vm: VirtualMachine, old: Volume, template: Template) -> Volume:
        kind = old.disk_offering
        if ctx.arguments["disk_offering_uuid"]:
            kind = DiskOffering.all_objects.get(uuid=ctx.arguments["disk_offering_uuid"])
        return Volume(
            uuid=uuid.uuid4(),
            name=f"ROOT-{vm.uuid}",
            type=VolumeType.ROOT,
            size_bytes=ctx.arguments["size_bytes"],
            # An ISO is in the drive; the disk of a machine that was deployed from one is empty.
            template=None if template.is_iso else template,
            disk_offering=kind,
            min_iops=kind.min_iops if kind else None,
            max_iops=kind.max_iops if kind else None,
            account=vm.account,
            domain_id=vm.domain_id,
            zone=vm.zone,
        )


class ExpungeOldRoot(Step):
    title = "Delete the old root disk, if asked for"

    def plan(self, ctx: JobContext) -> str:
        return "delete the old root disk for good" if ctx.arguments["expunge"] else "keep the old root disk for a time"

    def do(self, ctx: JobContext) -> None:
        if ctx.arguments["expunge"]:
            expunge_volume(ctx, volume_for_job(uuid=ctx.data["old_uuid"]))


class RenewVolatileRoot(SwapRoot):
    """The root disk of a machine with a volatile offering lasts from one start to the next."""

    title = "Put a new root disk in place of the volatile one"

    def plan(self, ctx: JobContext) -> str:
        return f"make the volatile root disk of {ctx.vm} anew"

    def do(self, ctx: JobContext) -> None:
        root = next((one.volume for one in ctx.vm.live_attachments if one.device_id == ROOT_SLOT), None)
        if "new_uuid" in ctx.data or root is None or root.state != VolumeState.READY:
            return
        ctx.arguments |= {
            "template_uuid": str(ctx.vm.template.uuid),
            "disk_offering_uuid": "",
            "size_bytes": root.size_bytes,
        }
        super().do(ctx)


class ExpungeVolatileRoot(ExpungeOldRoot):
    title = "Delete the volatile root disk"

    def plan(self, ctx: JobContext) -> str:
        return "delete the old root disk for good"

    def do(self, ctx: JobContext) -> None:
        if "old_uuid" in ctx.data:
            expunge_volume(ctx, volume_for_job(uuid=ctx.data["old_uuid"]))


@workflow("compute.vm.start_volatile")
class StartVolatileVm(StartVm):
    """Everything on the root disk of a machine with a volatile offering is given up when it starts."""

    title = "Start a machine with a new root disk"
    steps = [RenewVolatileRoot, ExpungeVolatileRoot, *StartVm.steps]


@workflow("compute.vm.restore")
class RestoreVm(VmWorkflow):
    """The new disk is made at the next start, as that of a machine that was never started."""

    title = "Make the root disk of a machine anew"
    steps = [SwapRoot, ExpungeOldRoot]


@workflow("compute.vm.restore_running")
class RestoreRunningVm(StartVm):
    """A start that fails leaves the machine stopped, with its new disk."""

    title = "Make the root disk of a running machine anew"
    steps = [BeginStop, StopGuest, ReleaseNetworks, SettleStopped, SwapRoot, ExpungeOldRoot, *StartVm.steps]
