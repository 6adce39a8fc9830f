"""Layer 2: a bridge on each host that needs it, all of one network joined by VXLAN."""

from typing import ClassVar

from cloudstack.contracts.agent import BridgeReady, EnsureBridge, RemoveBridge, bridge_name
from cloudstack.contracts.network import GuestNic, NetworkSpec, Service
from cloudstack.plugin.drivers import HostRef, InvalidSpec
from plugins.network.virtual_router.agents import ask

UNDERLAY_DETAIL = "guest_link"
"""Option of a host whose guest traffic travels over another link than the physical network says."""


class VxlanSegment:
    """Connects networks on hosts. The same bridge name everywhere lets machines move between them."""

    name = "VXLAN"
    services: ClassVar[frozenset[Service]] = frozenset({Service.CONNECTIVITY})

    def prepare_host(self, network: NetworkSpec, host: HostRef) -> str:
        """Make the bridge and its VXLAN port; answers the bridge's name."""
        underlay = host.details.get(UNDERLAY_DETAIL) or network.underlay
        if not underlay:
            raise InvalidSpec(
                f"nothing says which link of host {host.name} carries guests: give the Guest traffic of the physical "
                f"network a kvmnetworklabel, or the host a detail {UNDERLAY_DETAIL}"
            )
        command = EnsureBridge(bridge=_bridge(network), vni=network.vni, underlay=underlay, mtu=network.mtu)
        answer = ask(host, command)
        return answer.bridge if isinstance(answer, BridgeReady) else command.bridge

    def release_host(self, network: NetworkSpec, host: HostRef) -> None:
        """Take the bridge away; the agent refuses while a guest or a server is in it."""
        if network.vni:
            ask(host, RemoveBridge(bridge=_bridge(network)))

    def implement(self, network: NetworkSpec, service_host: HostRef) -> None:
        """Nothing but the bridge, which the core has asked for already."""

    def shutdown(self, network: NetworkSpec, service_host: HostRef) -> None:
        """The bridge goes with ``release_host``."""

    def prepare_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        """Cards need nothing: VXLAN floods what it does not know."""

    def release_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        """Cards leave nothing behind."""


def _bridge(network: NetworkSpec) -> str:
    if not network.vni:
        raise InvalidSpec(f"network {network.name} has no VXLAN number")
    return bridge_name(network.vni)
