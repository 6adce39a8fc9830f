"""The networks of a machine on the host where it will run, and after it has left."""

from apps.compute.models import Nic
from apps.compute.specs import guest_nic
from apps.compute.workflows.steps.loading import chosen_host
from apps.infrastructure.models import Host
from apps.network.workflows.steps import (
    connect_host,
    disconnect_host,
    implement_network,
    prepare_nic,
    release_nic,
    undo_implement,
)
from cloudstack.framework.jobs import JobContext, Step


class PrepareNetworks(Step):
    title = "Prepare the networks"

    def plan(self, ctx: JobContext) -> str:
        return "connect " + (", ".join(str(nic.network) for nic in ctx.vm.live_nics) or "no network")

    def do(self, ctx: JobContext) -> None:
        host = chosen_host(ctx)
        for nic in ctx.vm.live_nics:
            network = implement_network(ctx, nic.network, host)
            connect_host(ctx, network, host)
            prepare_nic(ctx, network, guest_nic(nic))

    def undo(self, ctx: JobContext) -> None:
        if "host_uuid" not in ctx.data:
            return
        for nic in ctx.vm.live_nics:
            undo_implement(ctx, nic.network)
            release_nic(ctx, nic.network, guest_nic(nic))
            leave_host(ctx, nic, chosen_host(ctx))


class ReleaseNetworks(Step):
    title = "Release the networks"

    def plan(self, ctx: JobContext) -> str:
        return "disconnect " + (", ".join(str(nic.network) for nic in ctx.vm.live_nics) or "no network")

    def do(self, ctx: JobContext) -> None:
        for nic in ctx.vm.live_nics:
            release_nic(ctx, nic.network, guest_nic(nic))
            if ctx.vm.host is not None:
                leave_host(ctx, nic, ctx.vm.host)


def leave_host(ctx: JobContext, nic: Nic, host: Host) -> None:
    """Say that a machine's card has left ``host``. Two that leave at once would each still see the other's card
    there, so nothing is counted here: the host itself refuses to give up a bridge that is in use.
    """
    disconnect_host(ctx, nic.network, host)
