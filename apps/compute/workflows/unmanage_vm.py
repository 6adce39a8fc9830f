"""Give a running machine back to those who look after its hypervisor; the cloud forgets it with its disks."""

from contextlib import suppress

from apps.accounts.services.limit_rules import total_of
from apps.accounts.services.limits import LimitManager
from apps.compute.models import Drive
from apps.compute.services.lifecycle import VM_FSM
from apps.compute.services.quota import amounts_of_vm
from apps.compute.specs import guest_nic
from apps.compute.workflows.import_vm import let_go, taker_of
from apps.compute.workflows.steps.loading import VmWorkflow, expect_steady, reload_vm
from apps.compute.workflows.steps.networks import ReleaseNetworks
from apps.compute.workflows.steps.placing import shown_host
from apps.infrastructure.services import capacity
from apps.network.models import NetworkRule
from apps.network.services.rules import revoke_all
from apps.network.workflows.steps import connect_host, is_up, prepare_nic
from apps.storage.services.volume_states import amounts_of
from cloudstack.contracts.errors import NotFound
from cloudstack.framework.jobs import JobContext, Step, workflow


class ReleaseItsNetworks(ReleaseNetworks):
    """Before the machine is given back: what fails here still finds one of the cloud, that gets its networks again."""

    def do(self, ctx: JobContext) -> None:
        expect_steady(ctx.vm)
        super().do(ctx)

    def undo(self, ctx: JobContext) -> None:
        if ctx.vm.host is None:
            return
        for nic in ctx.vm.live_nics:
            connect_host(ctx, nic.network, ctx.vm.host)
            if is_up(nic.network):  # services that come up anew learn of all cards
                prepare_nic(ctx, nic.network, guest_nic(nic))


class GiveBack(Step):
    title = "Give the machine back"
    irreversible = "The cloud forgets the machine, its disks, addresses and rules; all of it stays at the hypervisor."

    def plan(self, ctx: JobContext) -> str:
        names = ", ".join(str(one.volume) for one in ctx.vm.live_attachments) or "no disk"
        return f"leave {ctx.vm} running on {shown_host(ctx, ctx.vm.host)}, with {names}"

    def do(self, ctx: JobContext) -> None:
        expect_steady(ctx.vm)
        ctx.data["host"] = str(ctx.vm.host.uuid)
        taker_of(ctx.vm.host).release_machine(str(ctx.vm.uuid))

    def verify(self, ctx: JobContext) -> bool:
        return str(ctx.vm.uuid) in taker_of(ctx.vm.host).unmanaged_machines()

    def undo(self, ctx: JobContext) -> None:
        """Take it back: a job that turns round leaves a machine of the cloud, which the hypervisor must know as one."""
        if ctx.vm.host is None:
            return
        with suppress(NotFound):  # what is gone from the host is the power sweep's to settle
            taker_of(ctx.vm.host).import_machine(str(ctx.vm.uuid), ctx.vm.instance_name)


@workflow("compute.vm.unmanage")
class UnmanageVm(VmWorkflow):
    title = "Give a machine back"
    steps = [ReleaseItsNetworks, GiveBack]

    def on_succeeded(self, ctx: JobContext) -> None:
        vm = reload_vm(ctx)
        host = vm.host
        volumes = [attachment.volume for attachment in vm.live_attachments]
        LimitManager().release(
            vm.account,
            total_of(amounts_of_vm(vm), *(amounts_of(volume.size_bytes, of=volume) for volume in volumes)),
        )
        VM_FSM.fire(vm, "given_back", host=None, last_host=host)
        capacity.release(holder_uuid=vm.uuid)
        revoke_all(NetworkRule.objects.filter(vm_uuid=vm.uuid))
        Drive.objects.filter(vm=vm).delete()
        let_go(ctx)
        vm.mark_removed()
        ctx.set_result(success=True, details=f"{vm} runs on {host} unmanaged", hostid=str(host.uuid))
