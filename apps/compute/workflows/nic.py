"""Network cards of machines: added, removed, made the default."""

from apps.compute.models import Nic
from apps.compute.specs import guest_nic, nic_spec
from apps.compute.states import VmState
from apps.compute.workflows.steps.loading import VmWorkflow, driver_of, expect_steady
from apps.compute.workflows.steps.networks import leave_host
from apps.network.services.addresses import free_nic
from apps.network.workflows.steps import connect_host, implement_network, prepare_nic, release_nic, undo_implement
from cloudstack.contracts.errors import NotSupported
from cloudstack.contracts.hypervisor import SupportsNicHotplug
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, workflow


class NicWorkflow(VmWorkflow):
    """``ctx.vm`` and ``ctx.nic`` are there for all steps."""

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        ctx.nic = Nic.all_objects.select_related("network__offering").get(uuid=ctx.arguments["nic_uuid"])


def hotplug(ctx: JobContext) -> SupportsNicHotplug:
    driver = driver_of(ctx.vm.host)
    if not isinstance(driver, SupportsNicHotplug):
        raise NotSupported(f"hosts of {ctx.vm.hypervisor} take cards only while the machine is stopped")
    return driver


def runs(ctx: JobContext) -> bool:
    return ctx.vm.state == VmState.RUNNING


class PlugNic(Step):
    title = "Plug the card in"

    def do(self, ctx: JobContext) -> None:
        expect_steady(ctx.vm)
        if ctx.nic.removed is not None:
            raise ResourceInUse(f"machine {ctx.vm} has given its cards back in the meantime")
        if not runs(ctx):
            return
        network = implement_network(ctx, ctx.nic.network, ctx.vm.host)
        bridge = connect_host(ctx, network, ctx.vm.host)
        prepare_nic(ctx, network, guest_nic(ctx.nic))
        hotplug(ctx).attach_nic(str(ctx.vm.uuid), nic_spec(ctx.nic, bridge, ctx.vm))

    def undo(self, ctx: JobContext) -> None:
        if runs(ctx):
            hotplug(ctx).detach_nic(str(ctx.vm.uuid), nic_spec(ctx.nic, "", ctx.vm))
            undo_implement(ctx, ctx.nic.network)
            release_nic(ctx, ctx.nic.network, guest_nic(ctx.nic))
            leave_host(ctx, ctx.nic, ctx.vm.host)


class UnplugNic(Step):
    title = "Unplug the card"

    def do(self, ctx: JobContext) -> None:
        if not runs(ctx):
            return
        hotplug(ctx).detach_nic(str(ctx.vm.uuid), nic_spec(ctx.nic, "", ctx.vm))
        release_nic(ctx, ctx.nic.network, guest_nic(ctx.nic))
        leave_host(ctx, ctx.nic, ctx.vm.host)


@workflow("compute.nic.add")
class AddNic(NicWorkflow):
    title = "Add a network card"
    steps = [PlugNic]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        free_nic(nic_uuid=ctx.nic.uuid)
        ctx.nic.mark_removed()


@workflow("compute.nic.remove")
class RemoveNic(NicWorkflow):
    title = "Remove a network card"
    steps = [UnplugNic]

    def on_succeeded(self, ctx: JobContext) -> None:
        free_nic(nic_uuid=ctx.nic.uuid)
        ctx.nic.mark_removed()


@workflow("compute.nic.make_default")
class MakeNicDefault(NicWorkflow):
    title = "Make a network card the default"
    steps = []

    def on_succeeded(self, ctx: JobContext) -> None:
        Nic.objects.filter(vm=ctx.vm).update(is_default=False)
        Nic.objects.filter(pk=ctx.nic.pk).update(is_default=True)
