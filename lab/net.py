"""The `ip` command, and the fabric: a bridge in a namespace of its own that joins the management links."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.layout import Layout

BRIDGE = "br-mgmt"
# Wider than a guest's 1500 by more than VXLAN's 50 bytes, so that guests need no small MTU.
FABRIC_MTU = 1600


class CommandFailed(RuntimeError):
    """A tool ended with an error; the message has its own words."""


def run(*argv: str, timeout_s: float = 20) -> str:
    """Standard output of `argv`; `CommandFailed` with its error text otherwise."""
    answer = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout_s)
    if answer.returncode != 0:
        raise CommandFailed(f"{' '.join(argv)}: {answer.stderr.strip() or answer.stdout.strip()}")
    return answer.stdout


def ip(*args: str, netns: str = "") -> str:
    return run("ip", *(("-n", netns) if netns else ()), *args)


def ip_json(*args: str, netns: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ip("-j", *args, netns=netns) or "[]")
    return found


def links(netns: str = "") -> dict[str, dict[str, Any]]:
    """Links of a namespace (the machine's own by default), by name."""
    return {link["ifname"]: link for link in ip_json("-d", "link", "show", netns=netns)}


def namespaces() -> set[str]:
    """Named network namespaces of this machine."""
    return {entry["name"] for entry in ip_json("netns", "list")}


def routes() -> list[tuple[ipaddress.IPv4Network, str]]:
    """IPv4 routes of this machine other than the default one, with their device."""
    found = []
    for route in ip_json("-4", "route", "show", "table", "all"):
        destination = route.get("dst", "default")
        if destination != "default" and route.get("type", "unicast") == "unicast":
            found.append((ipaddress.IPv4Network(destination, strict=False), route.get("dev", "")))
    return found


def ensure_fabric(layout: Layout) -> bool:
    """Make the fabric and the portal machine's leg into it, as far as they are missing; whether anything was."""
    changed = False
    if layout.fabric not in namespaces():
        ip("netns", "add", layout.fabric)
        changed = True
    inside = links(layout.fabric)
    if BRIDGE not in inside:
        # Without a querier snooping would only delay the VXLAN groups.
        ip("link", "add", BRIDGE, "mtu", str(FABRIC_MTU), "type", "bridge", "mcast_snooping", "0", netns=layout.fabric)
        changed = True
    ip("link", "set", "lo", "up", netns=layout.fabric)
    ip("link", "set", BRIDGE, "up", netns=layout.fabric)
    if layout.gateway_link not in links() or "gw" not in inside:
        remove_link(layout.gateway_link)
        _join(layout, "gw", "name", layout.gateway_link)
        changed = True
    ip("addr", "replace", f"{layout.gateway}/{layout.subnet.prefixlen}", "dev", layout.gateway_link)
    ip("link", "set", layout.gateway_link, "up")
    return changed


def plug_host(layout: Layout, name: str, init_pid: int) -> None:
    """Give the host with init `init_pid` its link `mgmt` on the fabric."""
    # The link of a host that died goes with its namespace, which may be now: not finding it is as good.
    with contextlib.suppress(CommandFailed):
        ip("link", "del", name, netns=layout.fabric)
    # Always the same address, so that the other hosts' ARP tables outlive a restart of this one.
    digest = hashlib.sha256(layout.host_uuid(name).encode()).hexdigest()
    address = ":".join(["0a", *(digest[at : at + 2] for at in range(0, 10, 2))])
    _join(layout, name, "name", "mgmt", "address", address, "netns", str(init_pid))


def _join(layout: Layout, port: str, *peer: str) -> None:
    mtu = str(FABRIC_MTU)
    # Made here with the port inside the fabric in one step: no half of it is left if we die in between.
    ip("link", "add", *peer, "mtu", mtu, "type", "veth", "peer", "name", port, "mtu", mtu, "netns", layout.fabric)
    ip("link", "set", port, "master", BRIDGE, "up", netns=layout.fabric)


def remove_link(name: str) -> bool:
    """Delete a link of the machine's own namespace; whether it was there."""
    if name not in links():
        return False
    ip("link", "del", name)
    return True


def remove_fabric(layout: Layout) -> bool:
    """Delete the fabric and the leg into it; whether anything was there."""
    found = remove_link(layout.gateway_link)
    if layout.fabric in namespaces():
        ip("netns", "del", layout.fabric)
        found = True
    return found
