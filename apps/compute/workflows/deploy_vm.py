"""Bring a new machine up. A deployment that fails leaves its row in Error and nothing else."""

from apps.accounts.services.limit_rules import total_of
from apps.accounts.services.limits import LimitManager
from apps.compute.models import Drive, VolumeAttachment
from apps.compute.services.lifecycle import VM_FSM
from apps.compute.services.quota import amounts_of_vm
from apps.compute.states import VmState
from apps.compute.workflows.start_vm import StartVm
from apps.compute.workflows.steps.loading import VmWorkflow, reload_vm
from apps.network.services.addresses import free_nic
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.services.volume_states import amounts_of
from cloudstack.framework.jobs import JobContext, workflow


@workflow("compute.vm.deploy")
class DeployVm(StartVm):
    title = "Deploy a machine"

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """Give back everything that the deployment took: addresses, limits, volumes."""
        vm = reload_vm(ctx)
        if vm.state != VmState.STOPPED:
            return
        VM_FSM.fire(vm, "create_failed", details={**vm.details, "error": error[:1000]})
        volumes = [attachment.volume for attachment in vm.live_attachments]
        for nic in vm.live_nics:
            free_nic(nic_uuid=nic.uuid)
            nic.mark_removed()
        VolumeAttachment.objects.filter(vm=vm).delete()
        Drive.objects.filter(vm=vm).delete()
        for volume in volumes:
            for event in ("destroy_requested", "expunge_requested", "succeeded"):
                VOLUME_FSM.fire(volume, event)
            volume.mark_removed()
        LimitManager().release(
            vm.account,
            total_of(amounts_of_vm(vm), *(amounts_of(volume.size_bytes, of=volume) for volume in volumes)),
        )


@workflow("compute.vm.create")
class CreateVm(VmWorkflow):
    """A machine that is not to start yet: its row says all, disks are made at the first start."""

    title = "Create a machine"
    steps = []
