"""Bringing guest networks up and down: implement, update, restart, shut down, delete."""

from apps.network import events
from apps.network.models import IpAllocation, Network, NetworkRule, VlanIpRange
from apps.network.selectors import network_for_job
from apps.network.services.lifecycle import NETWORK_FSM
from apps.network.services.network_permissions import forget_permissions
from apps.network.services.networks import ensure_unused, release_limits
from apps.network.services.nic_sources import guest_nics
from apps.network.services.public_addresses import give_back_all
from apps.network.services.vnis import release_vni
from apps.network.states import NetworkState
from apps.network.workflows.steps import (
    STANDING,
    clean_link,
    implement_network,
    links_of,
    rebuild_network,
    take_down,
    undo_implement,
    undo_rebuild,
)
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class NetworkWorkflow(Workflow):
    """Base of workflows about one network, named ``network_uuid`` in their arguments."""

    def load(self, ctx: JobContext) -> None:
        ctx.network = network_for_job(uuid=ctx.arguments["network_uuid"])


class Implement(Step):
    title = "Bring segment and services up"

    def do(self, ctx: JobContext) -> None:
        ctx.network = implement_network(ctx, ctx.network)

    def undo(self, ctx: JobContext) -> None:
        undo_implement(ctx, ctx.network)


@workflow("network.network.implement")
class ImplementNetwork(NetworkWorkflow):
    """Also the way in which services leave a host that is down or in maintenance."""

    title = "Bring a network up"
    steps = [Implement]


class Rebuild(Step):
    title = "Bring services up anew"

    def do(self, ctx: JobContext) -> None:
        if ctx.network.state in STANDING:
            ctx.network = rebuild_network(ctx, ctx.network, clean=bool(ctx.arguments.get("cleanup")))

    def undo(self, ctx: JobContext) -> None:
        undo_rebuild(ctx, ctx.network)


@workflow("network.network.restart")
class RestartNetwork(NetworkWorkflow):
    title = "Restart a network"
    steps = [Rebuild]


class TellServices(Step):
    title = "Tell the services of the change"

    def do(self, ctx: JobContext) -> None:
        if ctx.network.services_up and ctx.network.restart_required:
            ctx.network = rebuild_network(ctx, ctx.network, clean=False)

    def undo(self, ctx: JobContext) -> None:
        undo_rebuild(ctx, ctx.network)


@workflow("network.network.update")
class UpdateNetwork(NetworkWorkflow):
    title = "Update a network"
    steps = [TellServices]

    def on_succeeded(self, ctx: JobContext) -> None:
        """A network without running services learns everything when they come up."""
        Network.objects.filter(pk=ctx.network.pk).update(restart_required=False)


class ShutDownIfIdle(Step):
    title = "Take segment and services down"

    def do(self, ctx: JobContext) -> None:
        network = ctx.network
        half_down = network.state == NetworkState.SHUTDOWN
        if half_down or (network.state == NetworkState.IMPLEMENTED and not guest_nics(network)):
            take_down(ctx, network)
        elif network.state == NetworkState.IMPLEMENTED:
            with ctx.transaction():
                Network.objects.filter(pk=network.pk).update(idle_since=None)
            ctx.log(f"network {network} is in use again and stays up")


@workflow("network.network.shutdown")
class ShutDownNetwork(NetworkWorkflow):
    """What the collector starts for a network that has been without guests for a while."""

    title = "Shut an idle network down"
    steps = [ShutDownIfIdle]


class RefuseWhileUsed(Step):
    title = "See that nobody uses the network"

    def plan(self, ctx: JobContext) -> str:
        self.do(ctx)
        return f"no machine has a card in {ctx.network}"

    def do(self, ctx: JobContext) -> None:
        ensure_unused(ctx.network)


class TakeDown(Step):
    title = "Take segment and services off all hosts"

    def do(self, ctx: JobContext) -> None:
        take_down(ctx, ctx.network)


class Remove(Step):
    title = "Delete the network"
    irreversible = "The network's segment and address range may go to others."

    def plan(self, ctx: JobContext) -> str:
        release_limits(network=ctx.network, account=ctx.network.account)
        return f"delete {ctx.network} and give back its segment and addresses"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            # Waits for everybody who is putting a card into the network at this moment, and is waited for.
            network = Network.objects.select_for_update(of=("self",)).filter(pk=ctx.network.pk).first()
            if network is None:
                return
            ensure_unused(network)
            NETWORK_FSM.fire(network, "destroy")
            network.mark_removed(services_up=False, service_host=None, implementing_job=None)
            IpAllocation.objects.filter(network=network, holder_uuid=network.uuid).delete()
            VlanIpRange.objects.filter(network=network).update(removed=network.removed)
            NetworkRule.objects.filter(network=network).update(removed=network.removed)
            forget_permissions(network)
            release_vni(network=network)
            release_limits(network=network, account=network.account)
            for address in give_back_all(network=network):
                publish(
                    events.NET_IP_RELEASE,
                    resource=address,
                    description=f"address {address} given back with network {network}",
                )

    def verify(self, ctx: JobContext) -> bool:
        return network_for_job(uuid=ctx.network.uuid).removed is not None


@workflow("network.network.delete")
class DeleteNetwork(NetworkWorkflow):
    title = "Delete a network"
    steps = [RefuseWhileUsed, TakeDown, Remove]


class CleanHosts(Step):
    title = "Take the network off hosts that no longer need it"

    def do(self, ctx: JobContext) -> None:
        network = ctx.network
        for link in links_of(network).filter(pk__in=ctx.arguments["links"]):
            if network.services_up and link.host_id == network.service_host_id:
                continue
            if link.idle_since is not None or link.serves:
                clean_link(ctx, network, link)
        with ctx.transaction():
            gone = network.removed is not None
            down = network.state == NetworkState.ALLOCATED and not network.vni_is_fixed
            if gone or down:
                release_vni(network=network)


@workflow("network.network.clean_hosts")
class CleanNetworkHosts(NetworkWorkflow):
    """What the collector starts for bridges without guests and for services that were left on a host."""

    title = "Clean hosts of a network"
    steps = [CleanHosts]
