"""Bridges for guests' cards, joined between hosts by VXLAN over multicast."""

from __future__ import annotations

import json
from typing import Any

from cloudstack.agent.tools import ALIAS, AgentContext, details, ip, kind, links, silence_ipv6, write
from cloudstack.contracts.agent import VXLAN_OVERHEAD, BridgeReady, Done, EnsureBridge, RemoveBridge
from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound

VXLAN_PORT = 4789
# Enough for an underlay of routed racks; multicast routing has to be on there.
VXLAN_TTL = 10


def vxlan_name(vni: int) -> str:
    return f"vxlan{vni}"


def multicast_group(vni: int) -> str:
    """Group of the organisation-local block that carries broadcasts of this VNI: each of its 24 bits has a place."""
    return f"239.{vni >> 16}.{vni >> 8 & 255}.{vni & 255}"


def ensure_bridge(context: AgentContext, command: EnsureBridge) -> BridgeReady:
    with context.lock("bridges"):
        present = links()
        _check_underlay(command, present)
        changed = _ensure_link(command, present)
        if command.vni is not None:
            changed |= _ensure_vxlan(command, command.vni, present)
        elif command.underlay:
            changed |= _ensure_port(command.underlay, command.bridge, present)
        ip("link", "set", command.bridge, "up")
        write(context.bridges / f"{command.bridge}.json", json.dumps(command.to_wire()))
    return BridgeReady(bridge=command.bridge, mtu=command.mtu, changed=changed)


def remove_bridge(context: AgentContext, command: RemoveBridge) -> Done:
    with context.lock("bridges"):
        present = links()
        link = present.get(command.bridge)
        if link is not None:
            _dismantle(link, present)
        (context.bridges / f"{command.bridge}.json").unlink(missing_ok=True)
    return Done(changed=link is not None)


def restore_bridges(context: AgentContext) -> list[str]:
    """Make again what is remembered and gone (the host restarted); names of those."""
    made = []
    for path in sorted(context.bridges.glob("*.json")):
        command = EnsureBridge.from_wire(json.loads(path.read_text()))
        assert isinstance(command, EnsureBridge)  # noqa: S101  # narrows the type for the checker
        if ensure_bridge(context, command).changed:
            made.append(command.bridge)
    return made


def _check_underlay(command: EnsureBridge, present: dict[str, Any]) -> None:
    if not command.underlay:
        return
    underlay = present.get(command.underlay)
    if underlay is None:
        raise NotFound(f"this host has no link {command.underlay!r}; it has {', '.join(present)}")
    overhead = VXLAN_OVERHEAD if command.vni is not None else 0
    if command.mtu + overhead > underlay["mtu"]:
        raise InvalidSpec(
            f"mtu: {command.mtu} does not fit through {command.underlay}, whose MTU of {underlay['mtu']} leaves "
            f"{underlay['mtu'] - overhead}"
        )


def _ensure_link(command: EnsureBridge, present: dict[str, Any]) -> bool:
    name, mtu = command.bridge, str(command.mtu)
    link = present.get(name)
    if link is None:
        # Without a querier among the guests snooping would only delay their multicasts.
        ip("link", "add", name, "mtu", mtu, "type", "bridge", "mcast_snooping", "0", "forward_delay", "0")
        ip("link", "set", name, "alias", ALIAS)
        silence_ipv6(name)
        return True
    if kind(link) != "bridge" or link.get("ifalias") != ALIAS:
        raise DriverError(f"{name} exists on this host and is not ours ({kind(link) or 'a physical link'})")
    if link["mtu"] != command.mtu:
        ip("link", "set", name, "mtu", mtu)
        return True
    return False


def _ensure_vxlan(command: EnsureBridge, vni: int, present: dict[str, Any]) -> bool:
    name, group = vxlan_name(vni), multicast_group(vni)
    link = present.get(name)
    if link is not None:
        data = details(link)
        right = (data.get("id"), data.get("group"), data.get("link")) == (vni, group, command.underlay)
        if right and link.get("master") == command.bridge and link["mtu"] == command.mtu and _is_up(link):
            return False
        ip("link", "del", name)
    options = ("id", str(vni), "group", group, "dev", command.underlay, "dstport", str(VXLAN_PORT))
    ip("link", "add", name, "mtu", str(command.mtu), "type", "vxlan", *options, "ttl", str(VXLAN_TTL))
    silence_ipv6(name)
    ip("link", "set", name, "master", command.bridge, "alias", ALIAS, "up")
    return True


def _ensure_port(port: str, bridge: str, present: dict[str, Any]) -> bool:
    if present[port].get("master") == bridge:
        return False
    if present[port].get("master"):
        raise DriverError(f"{port} is already a port of {present[port]['master']}")
    addresses = json.loads(ip("-j", "-4", "addr", "show", "dev", port))
    held = [entry["local"] for link in addresses for entry in link.get("addr_info", [])]
    if held:
        raise DriverError(f"{port} holds the address {held[0]}: as a port of {bridge} it would lose it")
    ip("link", "set", port, "master", bridge, "up")
    return True


def _dismantle(link: dict[str, Any], present: dict[str, Any]) -> None:
    name = link["ifname"]
    if kind(link) != "bridge" or link.get("ifalias") != ALIAS:
        raise DriverError(f"{name} is not ours, it stays")
    ports = [port for port in present.values() if port.get("master") == name]
    guests = [port["ifname"] for port in ports if kind(port) == "tun"]
    if guests:
        raise DriverError(f"{name} still carries guests' cards ({', '.join(guests)}), it stays")
    others = [port["ifname"] for port in ports if kind(port) == "veth"]
    if others:
        raise DriverError(f"{name} still serves a network's namespace ({', '.join(others)}): RemoveDhcp comes first")
    for port in ports:
        if kind(port) == "vxlan":
            ip("link", "del", port["ifname"])
    ip("link", "del", name)


def _is_up(link: dict[str, Any]) -> bool:
    return "UP" in link.get("flags", ())
