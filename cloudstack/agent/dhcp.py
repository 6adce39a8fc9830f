"""DHCP and DNS of a network: a namespace joined to its bridge, with a dnsmasq that is kept alive."""

from __future__ import annotations

import json
import shutil

from cloudstack.agent import dnsmasq
from cloudstack.agent.dhcp_folder import DhcpFolder, folder_of, folders
from cloudstack.agent.tools import ALIAS, NETNS_FOLDER, AgentContext, ip, kind, links, run, silence_ipv6, write
from cloudstack.contracts.agent import Done, EnsureDhcp, RemoveDhcp
from cloudstack.contracts.errors import DriverError, NotFound


def ensure_dhcp(context: AgentContext, command: EnsureDhcp) -> Done:
    folder = folder_of(context, command.network_uuid)
    with context.lock(folder.namespace):
        twin = next((f for f in folders(context) if f.namespace == folder.namespace and f.uuid != folder.uuid), None)
        if twin is not None:
            raise DriverError(f"networks {twin.uuid} and {folder.uuid} would share the namespace {folder.namespace}")
        for path in (folder.path, folder.cards, folder.names):
            path.mkdir(parents=True, exist_ok=True)
        changed = write(folder.spec_file, json.dumps(command.to_wire()))
        changed |= _converge(folder, command)
    return Done(changed=changed)


def remove_dhcp(context: AgentContext, command: RemoveDhcp) -> Done:
    folder = folder_of(context, command.network_uuid)
    with context.lock(folder.namespace):
        # First the specification: from here on the supervisor no longer brings it back.
        found = folder.path.exists()
        folder.spec_file.unlink(missing_ok=True)
        found |= dnsmasq.stop(folder)
        if folder.port in links():
            ip("link", "del", folder.port)
        if (NETNS_FOLDER / folder.namespace).exists():
            ip("netns", "del", folder.namespace)
            found = True
        shutil.rmtree(folder.path, ignore_errors=True)
    return Done(changed=found)


def revive(context: AgentContext) -> list[str]:
    """Bring back servers that died since they were asked for; UUIDs of their networks."""
    revived = []
    for folder in folders(context):
        dnsmasq.trim_log(folder)
        if dnsmasq.running_pid(folder) and (NETNS_FOLDER / folder.namespace).exists():
            continue
        with context.lock(folder.namespace):
            try:
                spec = folder.spec()
            except NotFound:
                continue  # being removed
            if _converge(folder, spec):
                revived.append(folder.uuid)
    return revived


def _converge(folder: DhcpFolder, spec: EnsureDhcp) -> bool:
    changed = _ensure_namespace(folder, spec)
    new_words = write(folder.configuration, folder.configuration_text(spec, dnsmasq.user()))
    running = dnsmasq.running_pid(folder)
    if running and (new_words or changed):
        dnsmasq.stop(folder)
        running = 0
    if not running:
        dnsmasq.start(folder)
        changed = True
    return changed


def _ensure_namespace(folder: DhcpFolder, spec: EnsureDhcp) -> bool:
    present = links()
    bridge = present.get(spec.bridge)
    if bridge is None or kind(bridge) != "bridge":
        raise NotFound(f"this host has no bridge {spec.bridge!r}: EnsureBridge comes first")
    changed = False
    if not _namespace_lives(folder.namespace):
        ip("netns", "add", folder.namespace)
        changed = True
    inside = links(folder.namespace)
    if folder.port not in present or "eth0" not in inside:
        changed = True
        if folder.port in present:
            ip("link", "del", folder.port)
        mtu = ("mtu", str(bridge["mtu"]))
        peer = ("peer", "name", "eth0", *mtu, "address", folder.mac, "netns", folder.namespace)
        ip("link", "add", folder.port, *mtu, "type", "veth", *peer)
        ip("link", "set", folder.port, "alias", ALIAS)
        silence_ipv6(folder.port)
    # Repeated each time, because the bridge may have been made anew underneath.
    ip("link", "set", folder.port, "master", spec.bridge, "up")
    return _ensure_addresses(folder.namespace, spec) or changed


def _namespace_lives(name: str) -> bool:
    """A file that is no namespace is what a restart of the host leaves behind."""
    path = NETNS_FOLDER / name
    if not path.exists():
        return False
    try:
        links(name)
    except DriverError:
        path.unlink(missing_ok=True)
        return False
    return True


def _ensure_addresses(namespace: str, spec: EnsureDhcp) -> bool:
    ip("link", "set", "lo", "up", netns=namespace)
    ip("link", "set", "eth0", "up", netns=namespace)
    wanted = f"{spec.server_ip}/{spec.prefix}"
    listing = json.loads(ip("-j", "-4", "addr", "show", "dev", "eth0", netns=namespace))
    held = [f"{a['local']}/{a['prefixlen']}" for link in listing for a in link.get("addr_info", [])]
    changed = held != [wanted]
    if changed:
        ip("-4", "addr", "flush", "dev", "eth0", netns=namespace)
        ip("addr", "add", wanted, "dev", "eth0", netns=namespace)
    if spec.gateway and spec.gateway != spec.server_ip:
        ip("route", "replace", "default", "via", spec.gateway, netns=namespace)
    else:
        run("ip", "-n", namespace, "route", "flush", "default")
    return changed
