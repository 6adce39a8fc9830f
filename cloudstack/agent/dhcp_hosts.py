"""Entries of cards in a network's DHCP and DNS: one file for each, so that concurrent jobs do not meet."""

from __future__ import annotations

import ipaddress
import time

from cloudstack.agent import dnsmasq
from cloudstack.agent.dhcp_folder import DhcpFolder, folder_of
from cloudstack.agent.tools import AgentContext, run, write
from cloudstack.contracts.agent import Done, EnsureDhcp, RemoveDhcpHost, SetDhcpHost
from cloudstack.contracts.errors import DriverError, InvalidSpec

RELEASE_S = 1.0


def set_dhcp_host(context: AgentContext, command: SetDhcpHost) -> Done:
    folder, mac = folder_of(context, command.network_uuid), command.mac.lower()
    with context.lock(folder.namespace):
        _check_address(folder.spec(), command)
        changed = False
        known = (folder.cards / _file(mac)).exists()
        for other in folder.hosts():
            # The address was given to this card, so whoever had it has lost it; its own removal may still be under way.
            if other.ip == command.ip and other.mac != mac:
                changed = known = _forget(folder, other.mac)
        _release(folder, [lease.mac for lease in folder.leases() if (lease.ip == command.ip) != (lease.mac == mac)])
        changed |= write(folder.cards / _file(mac), f"{mac},{command.ip},{command.hostname}\n")
        changed |= write(folder.names / _file(mac), f"{command.ip} {command.hostname}\n")
        if changed and known:  # a new file is noticed by itself
            dnsmasq.reload(folder)
    return Done(changed=changed)


def remove_dhcp_host(context: AgentContext, command: RemoveDhcpHost) -> Done:
    folder, mac = folder_of(context, command.network_uuid), command.mac.lower()
    with context.lock(folder.namespace):
        if not folder.path.exists():
            return Done(changed=False)
        changed = _forget(folder, mac)
        changed |= _release(folder, [mac])
        if changed:
            dnsmasq.reload(folder)
    return Done(changed=changed)


def _check_address(spec: EnsureDhcp, command: SetDhcpHost) -> None:
    spec.member("ip", command.ip)
    address = ipaddress.IPv4Address(command.ip)
    if command.ip in (spec.server_ip, spec.gateway):
        raise InvalidSpec(f"ip: {command.ip} is the network's own address")
    if spec.range_start and address < ipaddress.IPv4Address(spec.range_start):
        raise InvalidSpec(f"ip: {command.ip} lies before the network's range, which starts at {spec.range_start}")
    if spec.range_end and address > ipaddress.IPv4Address(spec.range_end):
        raise InvalidSpec(f"ip: {command.ip} lies behind the network's range, which ends at {spec.range_end}")


def _file(mac: str) -> str:
    return mac.replace(":", "-")


def _forget(folder: DhcpFolder, mac: str) -> bool:
    found = False
    for path in (folder.cards / _file(mac), folder.names / _file(mac)):
        found |= path.exists()
        path.unlink(missing_ok=True)
    return found


def _release(folder: DhcpFolder, macs: list[str]) -> bool:
    """End the leases of these cards: an address whose old lease lives is refused to its new owner."""
    leases = [lease for lease in folder.leases() if lease.mac in macs]
    if not leases:
        return False
    for lease in leases:
        identity = () if lease.client_id == "*" else (lease.client_id,)
        argv = ("dhcp_release", "eth0", lease.ip, lease.mac, *identity)
        try:
            run("ip", "netns", "exec", folder.namespace, *argv)
        except DriverError:
            break
    deadline = time.monotonic() + RELEASE_S
    while any(lease.mac in macs for lease in folder.leases()):
        if time.monotonic() > deadline:
            _cut_out(folder, macs)
            break
        time.sleep(0.02)
    return True


def _cut_out(folder: DhcpFolder, macs: list[str]) -> None:
    """The hard way, for a server that did not hear the release: it keeps leases in memory, so it has to be stopped."""
    was_running = dnsmasq.stop(folder)
    lines = folder.leases_file.read_text().splitlines()
    kept = [line for line in lines if not any(word in macs for word in line.split()[1:2])]
    folder.leases_file.write_text("".join(f"{line}\n" for line in kept))
    if was_running:
        dnsmasq.start(folder)
