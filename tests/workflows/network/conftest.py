"""A zone of three simulated hosts, and a stand-in for the machines of the app above."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from apps.accounts.factories import root_caller
from apps.infrastructure.factories import ClusterFactory, HostFactory
from apps.infrastructure.models import Host, Zone
from apps.infrastructure.specs import host_ref
from apps.network.factories import PhysicalNetworkFactory
from apps.network.models import Network, PhysicalNetwork
from apps.network.services import nic_sources
from cloudstack.contracts.agent import ListNetworkState, NetworkStateAnswer
from cloudstack.contracts.network import GuestNic
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import host_agent


@dataclass
class Cloud:
    """What the tests of this folder act in."""

    zone: Zone
    hosts: list[Host]
    physical_network: PhysicalNetwork
    root: Caller

    def seen_on(self, host: Host) -> NetworkStateAnswer:
        """What really stands on ``host``, in the words of its agent."""
        answer = host_agent(host_ref(host)).call(ListNetworkState(), timeout_s=1)
        assert isinstance(answer, NetworkStateAnswer)
        return answer

    def bridges(self, host: Host) -> set[str]:
        return {bridge.name for bridge in self.seen_on(host).bridges}

    def dhcp(self, network: Network) -> dict[str, set[str]]:
        """Name of each host that serves the network → the addresses that its server knows."""
        return {
            host.name: {entry.ip for entry in server.hosts}
            for host in self.hosts
            for server in self.seen_on(host).dhcp
            if server.network_uuid == str(network.uuid)
        }


@dataclass
class Machines:
    """Cards of machines that run, by network."""

    cards: dict[int, list[GuestNic]] = field(default_factory=dict)

    def run(self, network: Network, *cards: GuestNic) -> None:
        self.cards[network.pk] = list(cards)

    def __call__(self, network: Network) -> list[GuestNic]:
        return self.cards.get(network.pk, [])


@pytest.fixture
def cloud(db: None) -> Cloud:
    cluster = ClusterFactory()
    hosts = [HostFactory(cluster=cluster) for _ in range(3)]
    physical = PhysicalNetworkFactory(zone=cluster.pod.zone)
    return Cloud(zone=cluster.pod.zone, hosts=hosts, physical_network=physical, root=root_caller())


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    """Replaces whatever registered itself: these tests are about networks alone."""
    stand_in = Machines()
    monkeypatch.setattr(nic_sources, "_sources", [stand_in])
    yield stand_in


@pytest.fixture
def card() -> Callable[[int], GuestNic]:
    def make(number: int) -> GuestNic:
        return GuestNic(mac=f"02:00:00:00:00:{number:02x}", ipv4=f"10.1.1.{number}", hostname=f"vm-{number}")

    return make
