"""What the agent keeps of one network's DHCP server: its specification, its configuration, its entries, its leases."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from cloudstack.agent.tools import AgentContext
from cloudstack.contracts.agent import DhcpHostState, EnsureDhcp
from cloudstack.contracts.errors import NotFound


@dataclass(frozen=True)
class Lease:
    mac: str
    ip: str
    client_id: str


@dataclass(frozen=True)
class DhcpFolder:
    """Paths and names that belong to one network."""

    uuid: str
    path: Path

    @property
    def namespace(self) -> str:
        return f"net-{self.uuid[:8]}"

    @property
    def port(self) -> str:
        """The end of the namespace's link that is in the bridge."""
        return f"vd-{self.uuid[:8]}"

    @property
    def mac(self) -> str:
        """The server's own address; always the same, so that guests' ARP tables outlive a restart of the host."""
        digest = hashlib.sha256(self.uuid.encode()).digest()
        return ":".join(f"{byte:02x}" for byte in (0x0E, *digest[:5]))

    @property
    def spec_file(self) -> Path:
        return self.path / "spec.json"

    @property
    def configuration(self) -> Path:
        return self.path / "dnsmasq.conf"

    @property
    def pid_file(self) -> Path:
        return self.path / "dnsmasq.pid"

    @property
    def log(self) -> Path:
        return self.path / "dnsmasq.log"

    @property
    def leases_file(self) -> Path:
        return self.path / "leases"

    @property
    def cards(self) -> Path:
        """One file for each card: what dnsmasq's DHCP side reads."""
        return self.path / "cards"

    @property
    def names(self) -> Path:
        """One file for each card: what dnsmasq's DNS side reads."""
        return self.path / "names"

    def spec(self) -> EnsureDhcp:
        """The specification; ``NotFound`` when this host serves no such network."""
        try:
            command = EnsureDhcp.from_wire(json.loads(self.spec_file.read_text()))
        except FileNotFoundError:
            raise NotFound(f"this host has no DHCP server for network {self.uuid}: EnsureDhcp comes first") from None
        assert isinstance(command, EnsureDhcp)  # noqa: S101  # narrows the type for the checker
        return command

    def hosts(self) -> list[DhcpHostState]:
        """The cards that are known, by MAC address."""
        found = []
        for path in sorted(self.cards.glob("*")):
            try:
                mac, ip, hostname = path.read_text().strip().split(",")
            except (OSError, ValueError):
                continue
            found.append(DhcpHostState(mac=mac, ip=ip, hostname=hostname))
        return found

    def leases(self) -> list[Lease]:
        try:
            lines = self.leases_file.read_text().splitlines()
        except OSError:
            return []
        rows = [line.split() for line in lines]
        return [Lease(row[1], row[2], row[4]) for row in rows if len(row) == 5]

    def configuration_text(self, spec: EnsureDhcp, user: str) -> str:
        """What dnsmasq is told. It knows the guests' names and refuses others, for which guests have more servers."""
        lines = [
            f"user={user}",
            f"pid-file={self.pid_file}",
            f"log-facility={self.log}",
            "interface=eth0",
            "except-interface=lo",
            "bind-interfaces",
            "no-resolv",
            "no-hosts",
            "no-ping",
            "quiet-dhcp",
            "dhcp-authoritative",
            "dhcp-lease-max=65536",
            f"dhcp-leasefile={self.leases_file}",
            f"dhcp-range={spec.subnet.network_address},static,{spec.subnet.netmask},{spec.lease_s}",
            f"dhcp-hostsdir={self.cards}",
            f"hostsdir={self.names}",
            "dhcp-option=option:router" + (f",{spec.gateway}" if spec.gateway else ""),
            "dhcp-option=option:dns-server," + ",".join((spec.server_ip, *spec.dns)),
        ]
        if spec.mtu is not None:
            lines.append(f"dhcp-option=option:mtu,{spec.mtu}")
        if spec.domain:
            lines += [f"domain={spec.domain}", f"local=/{spec.domain}/", "expand-hosts"]
        return "\n".join(lines) + "\n"


def folder_of(context: AgentContext, network_uuid: str) -> DhcpFolder:
    return DhcpFolder(network_uuid, context.networks / network_uuid)


def folders(context: AgentContext) -> list[DhcpFolder]:
    """Networks that this host serves, or half serves."""
    return [DhcpFolder(path.name, path) for path in sorted(context.networks.iterdir()) if path.is_dir()]
