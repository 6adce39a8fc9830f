"""Everything that commands made in the host's network."""

from __future__ import annotations

from typing import Any

from cloudstack.agent import dnsmasq
from cloudstack.agent.dhcp_folder import DhcpFolder, folders
from cloudstack.agent.tools import ALIAS, NETNS_FOLDER, AgentContext, details, kind, links
from cloudstack.contracts.agent import BridgeState, DhcpState, ListNetworkState, NetworkStateAnswer
from cloudstack.contracts.errors import NotFound


def network_state(context: AgentContext, query: ListNetworkState) -> NetworkStateAnswer:
    present = links()
    ours = [link for link in present.values() if kind(link) == "bridge" and link.get("ifalias") == ALIAS]
    dhcp = [_dhcp(folder) for folder in folders(context)]
    return NetworkStateAnswer(
        bridges=tuple(_bridge(link, present) for link in ours),
        dhcp=(*dhcp, *_strays({entry.namespace for entry in dhcp})),
        taps=tuple(name for name, link in present.items() if kind(link) == "tun"),
    )


def _bridge(link: dict[str, Any], present: dict[str, Any]) -> BridgeState:
    ports = [port for port in present.values() if port.get("master") == link["ifname"]]
    vnis = [details(port).get("id") for port in ports if kind(port) == "vxlan"]
    return BridgeState(
        name=link["ifname"],
        vni=vnis[0] if vnis else None,
        mtu=link["mtu"],
        ports=tuple(port["ifname"] for port in ports),
        taps=tuple(port["ifname"] for port in ports if kind(port) == "tun"),
    )


def _dhcp(folder: DhcpFolder) -> DhcpState:
    try:
        bridge = folder.spec().bridge
    except NotFound:
        bridge = ""
    return DhcpState(
        network_uuid=folder.uuid,
        namespace=folder.namespace,
        bridge=bridge,
        running=bool(dnsmasq.running_pid(folder)),
        hosts=tuple(folder.hosts()),
        leases=tuple(lease.mac for lease in folder.leases()),
    )


def _strays(known: set[str]) -> list[DhcpState]:
    """Namespaces of our name without a network: a leak that must not stay unseen."""
    if not NETNS_FOLDER.exists():
        return []
    names = sorted(path.name for path in NETNS_FOLDER.glob("net-*") if path.name not in known)
    return [DhcpState(network_uuid="", namespace=name, bridge="", running=False, hosts=(), leases=()) for name in names]
