"""Public addresses are acquired, given back and changed. Database only: nothing leads to them yet."""

from apps.network.models import PublicIpAddress
from apps.network.selectors import public_ip_for_job
from apps.network.services.public_addresses import PUBLIC_IP_FSM, give_back
from apps.network.states import PublicIpState
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class AddressWorkflow(Workflow):
    """Base of workflows about one public address, named ``address_uuid`` in their arguments."""

    def load(self, ctx: JobContext) -> None:
        ctx.address = public_ip_for_job(uuid=ctx.arguments["address_uuid"])


class Acquire(Step):
    title = "Give the address to its account"

    def plan(self, ctx: JobContext) -> str:
        return f"give public address {ctx.address} to account {ctx.address.account}"

    def do(self, ctx: JobContext) -> None:
        address = ctx.address
        if address.removed is not None or (address.network is not None and address.network.removed is not None):
            raise ResourceInUse(f"the network that address {address} was for is gone")
        if address.state == PublicIpState.ALLOCATING:
            with ctx.transaction():
                PUBLIC_IP_FSM.fire(address, "acquired")

    def verify(self, ctx: JobContext) -> bool:
        return bool(ctx.address.state == PublicIpState.ALLOCATED)


@workflow("network.address.associate")
class AssociateAddress(AddressWorkflow):
    title = "Acquire a public address"
    steps = [Acquire]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        give_back(ctx.address)


class GiveBack(Step):
    title = "Give the address back"
    irreversible = "The address may go to others."

    def plan(self, ctx: JobContext) -> str:
        return f"give public address {ctx.address} back"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            give_back(ctx.address)

    def verify(self, ctx: JobContext) -> bool:
        return public_ip_for_job(uuid=ctx.address.uuid).removed is not None


@workflow("network.address.disassociate")
class DisassociateAddress(AddressWorkflow):
    title = "Give a public address back"
    steps = [GiveBack]

    def on_failed(self, ctx: JobContext, error: str) -> None:
        address = public_ip_for_job(uuid=ctx.address.uuid)
        if address.removed is None and address.state == PublicIpState.RELEASING:
            PUBLIC_IP_FSM.fire(address, "keep")


class ShowOrHide(Step):
    title = "Show or hide the address"

    def plan(self, ctx: JobContext) -> str:
        shown = ctx.arguments["for_display"]
        what = "leave" if shown is None else "show" if shown else "hide"
        return f"{what} public address {ctx.address}"

    def do(self, ctx: JobContext) -> None:
        shown = ctx.arguments["for_display"]
        if shown is not None:
            with ctx.transaction():
                PublicIpAddress.objects.filter(pk=ctx.address.pk).update(for_display=shown)


@workflow("network.address.update")
class UpdateAddress(AddressWorkflow):
    title = "Update a public address"
    steps = [ShowOrHide]
