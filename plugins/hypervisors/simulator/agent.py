"""The agent of a simulated host: does in tables what the real one does with bridges and dnsmasq."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import IntegrityError, transaction
from django.db.models import Sum

from cloudstack.contracts import agent as words
from cloudstack.contracts.agent import AgentAnswer, AgentCommand
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.plugin.drivers import DriverError, NotFound, NotSupported
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.driver import SimulatorDriver
from plugins.hypervisors.simulator.faults import apply, crash, known_commands
from plugins.hypervisors.simulator.figures import VERSION
from plugins.hypervisors.simulator.models import SimulatedBridge, SimulatedDhcp, SimulatedDhcpHost, SimulatedVm

UPTIME_S = 3600.0


class SimulatorAgent:
    """Agent commands of one simulated host, each with its own kind as the name for faults."""

    def __init__(self, host: HostRef):
        self.host = host

    def call(self, command: AgentCommand, *, timeout_s: float) -> AgentAnswer:
        crash_after = apply(self.host, command.kind)
        try:
            handle = self._handlers[command.kind]
        except KeyError:
            raise NotSupported(f"simulated hosts do not know {command.kind}") from None
        answer = handle(self, command)
        if crash_after:
            crash(command.kind)
        return answer

    def _facts(self, command: Any) -> AgentAnswer:
        facts = SimulatorDriver(self.host).facts_without_faults()
        running = SimulatedVm.objects.filter(host_uuid=self.host.uuid, power=PowerState.ON)
        used = running.aggregate(n=Sum("memory_mib"))["n"] or 0
        return words.HostFactsAnswer(
            hostname=facts.hostname,
            memory_total_mib=facts.memory_mib,
            memory_free_mib=max(facts.memory_mib - used, 0),
            cpus=facts.cpus,
            cpu_mhz=facts.cpu_mhz,
            load_1m=0.5,
            agent_version=VERSION,
            uptime_s=UPTIME_S,
        )

    def _ensure_bridge(self, command: Any) -> AgentAnswer:
        there = self._bridges(command.bridge).filter(vni=command.vni, mtu=command.mtu, underlay=command.underlay)
        if there.exists():
            return words.BridgeReady(bridge=command.bridge, mtu=command.mtu, changed=False)
        row = SimulatedBridge(
            host_uuid=self.host.uuid,
            name=command.bridge,
            vni=command.vni,
            underlay=command.underlay,
            mtu=command.mtu,
        )
        SimulatedBridge.objects.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["host_uuid", "name"],
            update_fields=["vni", "underlay", "mtu"],
        )
        return words.BridgeReady(bridge=command.bridge, mtu=command.mtu, changed=True)

    def _remove_bridge(self, command: Any) -> AgentAnswer:
        if self._dhcp().filter(bridge=command.bridge).exists():
            raise DriverError(f"bridge {command.bridge} carries a DHCP server")
        cards = self._cards().get(command.bridge, ())
        if cards:
            raise DriverError(f"bridge {command.bridge} carries the cards {', '.join(cards)}")
        return words.Done(changed=bool(self._bridges(command.bridge).delete()[0]))

    def _ensure_dhcp(self, command: Any) -> AgentAnswer:
        if not self._bridges(command.bridge).exists():
            raise NotFound(f"there is no bridge {command.bridge} on {self.host.name}")
        row = SimulatedDhcp(
            host_uuid=self.host.uuid,
            network_uuid=command.network_uuid,
            bridge=command.bridge,
            server_ip=command.server_ip,
            prefix=command.prefix,
        )
        columns = ["bridge", "server_ip", "prefix"]
        same = self._dhcp().filter(network_uuid=command.network_uuid, **{name: getattr(row, name) for name in columns})
        if same.exists():
            return words.Done(changed=False)
        SimulatedDhcp.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["host_uuid", "network_uuid"], update_fields=columns
        )
        return words.Done(changed=True)

    def _remove_dhcp(self, command: Any) -> AgentAnswer:
        self._entries().filter(network_uuid=command.network_uuid).delete()
        return words.Done(changed=bool(self._dhcp().filter(network_uuid=command.network_uuid).delete()[0]))

    def _set_dhcp_host(self, command: Any) -> AgentAnswer:
        if not self._dhcp().filter(network_uuid=command.network_uuid).exists():
            raise NotFound(f"network {command.network_uuid} has no DHCP server on {self.host.name}")
        row = SimulatedDhcpHost(
            host_uuid=self.host.uuid,
            network_uuid=command.network_uuid,
            mac=command.mac,
            ip=command.ip,
            hostname=command.hostname,
        )
        try:
            with transaction.atomic():
                SimulatedDhcpHost.objects.bulk_create(
                    [row],
                    update_conflicts=True,
                    unique_fields=["host_uuid", "network_uuid", "mac"],
                    update_fields=["ip", "hostname"],
                )
        except IntegrityError:
            text = f"{command.ip} in network {command.network_uuid} was given to {command.mac} and to another card"
            world.record_violation("double address", text, object_uuid=command.network_uuid, host_uuid=self.host.uuid)
            raise DriverError(text) from None
        return words.Done(changed=True)

    def _remove_dhcp_host(self, command: Any) -> AgentAnswer:
        gone = self._entries().filter(network_uuid=command.network_uuid, mac=command.mac).delete()[0]
        return words.Done(changed=bool(gone))

    def _state(self, command: Any) -> AgentAnswer:
        cards = self._cards()
        bridges = SimulatedBridge.objects.filter(host_uuid=self.host.uuid).order_by("name")
        entries: dict[str, list[words.DhcpHostState]] = {}
        for entry in self._entries().order_by("mac"):
            known = words.DhcpHostState(mac=entry.mac, ip=entry.ip, hostname=entry.hostname)
            entries.setdefault(str(entry.network_uuid), []).append(known)
        return words.NetworkStateAnswer(
            bridges=tuple(
                words.BridgeState(
                    name=bridge.name,
                    vni=bridge.vni,
                    mtu=bridge.mtu,
                    ports=tuple(filter(None, (bridge.underlay,))) + cards.get(bridge.name, ()),
                    taps=cards.get(bridge.name, ()),
                )
                for bridge in bridges
            ),
            dhcp=tuple(
                words.DhcpState(
                    network_uuid=str(server.network_uuid),
                    namespace=f"sim-{str(server.network_uuid)[:8]}",
                    bridge=server.bridge,
                    running=True,
                    hosts=tuple(entries.get(str(server.network_uuid), ())),
                    leases=tuple(entry.mac for entry in entries.get(str(server.network_uuid), ())),
                )
                for server in self._dhcp().order_by("pk")
            ),
            taps=tuple(tap for taps in cards.values() for tap in taps),
        )

    def _bridges(self, name: str) -> Any:
        return SimulatedBridge.objects.filter(host_uuid=self.host.uuid, name=name)

    def _dhcp(self) -> Any:
        return SimulatedDhcp.objects.filter(host_uuid=self.host.uuid)

    def _entries(self) -> Any:
        return SimulatedDhcpHost.objects.filter(host_uuid=self.host.uuid)

    def _cards(self) -> dict[str, tuple[str, ...]]:
        """Bridge to the MAC addresses of running guests' cards in it; they stand for tap devices."""
        running = SimulatedVm.objects.filter(host_uuid=self.host.uuid, power=PowerState.ON)
        found: dict[str, list[str]] = {}
        for nics in running.values_list("nics", flat=True):
            for nic in nics.values():
                found.setdefault(nic["bridge"], []).append(nic["mac"])
        return {bridge: tuple(macs) for bridge, macs in found.items()}

    _handlers: ClassVar[dict[str, Callable[..., AgentAnswer]]] = {
        words.HostFactsQuery.kind: _facts,
        words.EnsureBridge.kind: _ensure_bridge,
        words.RemoveBridge.kind: _remove_bridge,
        words.EnsureDhcp.kind: _ensure_dhcp,
        words.RemoveDhcp.kind: _remove_dhcp,
        words.SetDhcpHost.kind: _set_dhcp_host,
        words.RemoveDhcpHost.kind: _remove_dhcp_host,
        words.ListNetworkState.kind: _state,
    }


known_commands.update(SimulatorAgent._handlers)
