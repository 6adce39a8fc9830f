"""Both elements keep the contract, on hosts of the simulator."""

import ipaddress
from collections.abc import Mapping
from dataclasses import replace

import pytest

from cloudstack.contracts.agent import ListNetworkState, NetworkStateAnswer
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.network import NetworkSpec
from cloudstack.framework.drivers import host_agent
from cloudstack.testing.network import NetworkElementConformance
from plugins.hypervisors.simulator.testing import new_host
from plugins.hypervisors.simulator.world import inject, violations
from plugins.network.virtual_router.element import VirtualRouter
from plugins.network.virtual_router.vxlan import VxlanSegment


class OnSimulatedHosts(NetworkElementConformance):
    @pytest.fixture(autouse=True)
    def hosts(self, db: None):
        self.host, self.other, self.dead = new_host("one"), new_host("two"), new_host("dead")
        inject("*", "unavailable:no route to host", count=None, host_uuid=self.dead.uuid)
        yield
        assert violations() == []

    def make_host(self) -> HostRef:
        return self.host

    def make_other_host(self) -> HostRef:
        return self.other

    def make_unreachable_host(self) -> HostRef:
        return self.dead

    def state(self, host: HostRef) -> NetworkStateAnswer:
        answer = host_agent(host).call(ListNetworkState(), timeout_s=5)
        assert isinstance(answer, NetworkStateAnswer)
        return answer


@pytest.mark.django_db
class TestVirtualRouter(OnSimulatedHosts):
    def make_element(self) -> VirtualRouter:
        return VirtualRouter()

    def connect(self, network: NetworkSpec, host: HostRef) -> NetworkSpec:
        return replace(network, bridge=VxlanSegment().prepare_host(network, host))

    def disconnect(self, network: NetworkSpec, host: HostRef) -> None:
        VxlanSegment().release_host(network, host)

    def guests_of(self, network: NetworkSpec, host: HostRef) -> Mapping[str, str]:
        servers = [server for server in self.state(host).dhcp if server.network_uuid == network.uuid]
        cards = {card.mac: card.ip for server in servers for card in server.hosts}
        assert all(ipaddress.IPv4Address(ip) in ipaddress.IPv4Network(network.cidr) for ip in cards.values())
        return cards


@pytest.mark.django_db
class TestVxlanSegment(OnSimulatedHosts):
    def make_element(self) -> VxlanSegment:
        return VxlanSegment()

    def test_bridges_go_with_their_networks(self) -> None:
        before = self.state(self.host).bridges
        network = self.make_network(1)
        VxlanSegment().prepare_host(network, self.host)
        assert len(self.state(self.host).bridges) == len(before) + 1
        VxlanSegment().release_host(network, self.host)
        assert self.state(self.host).bridges == before
