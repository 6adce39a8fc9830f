"""Addresses of network cards: a further one comes and goes, the first one changes. Hosts need not be told."""

from apps.compute.models import Nic
from apps.compute.services.nic_addresses import show_secondary
from apps.compute.states import VmState
from apps.compute.workflows.nic import NicWorkflow
from apps.network.models import IpAllocation
from apps.network.services.addresses import change_nic_address
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, workflow


def forget_address(ctx: JobContext) -> None:
    with ctx.transaction():
        nic = Nic.all_objects.select_for_update(of=("self",)).get(pk=ctx.nic.pk)
        IpAllocation.objects.filter(uuid=ctx.arguments["address_uuid"]).delete()
        show_secondary(nic)


class SeeCard(Step):
    title = "See that the card is there"

    def plan(self, ctx: JobContext) -> str:
        return f"keep a further address for the card {ctx.nic}; the guest configures it itself"

    def do(self, ctx: JobContext) -> None:
        """The address is the card's since the request; no host filters what guests send, so none is told."""
        if ctx.nic.removed is not None:
            raise ResourceInUse(f"machine {ctx.vm} has given the card {ctx.nic} back in the meantime")


@workflow("compute.nic.add_address")
class AddAddress(NicWorkflow):
    title = "Give a network card a further address"
    steps = [SeeCard]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        forget_address(ctx)


class ForgetAddress(Step):
    title = "Give the address back"
    irreversible = "The address may go to others."

    def plan(self, ctx: JobContext) -> str:
        return f"give a further address of the card {ctx.nic} back to network {ctx.nic.network}"

    def do(self, ctx: JobContext) -> None:
        forget_address(ctx)

    def verify(self, ctx: JobContext) -> bool:
        return not IpAllocation.objects.filter(uuid=ctx.arguments["address_uuid"]).exists()


@workflow("compute.nic.remove_address")
class RemoveAddress(NicWorkflow):
    title = "Take a further address from a network card"
    steps = [ForgetAddress]


class ChangeAddress(Step):
    title = "Exchange the address"

    def plan(self, ctx: JobContext) -> str:
        return f"exchange {ctx.arguments['old']} for {ctx.arguments['requested'] or 'another free address'}"

    def do(self, ctx: JobContext) -> None:
        if ctx.nic.ipv4 != ctx.arguments["old"]:
            return
        if ctx.nic.removed is not None or ctx.vm.state != VmState.STOPPED:
            raise ResourceInUse(f"machine {ctx.vm} is {ctx.vm.state} by now; its card keeps {ctx.nic.ipv4}")
        with ctx.transaction():
            row = change_nic_address(
                network=ctx.nic.network, nic_uuid=ctx.nic.uuid, requested=ctx.arguments["requested"]
            )
            Nic.objects.filter(pk=ctx.nic.pk).update(ipv4=row.address)
        ctx.log(f"the card has {row.address} now, it had {ctx.arguments['old']}")


@workflow("compute.nic.change_address")
class ChangeNicAddress(NicWorkflow):
    title = "Give a network card another address"
    steps = [ChangeAddress]
