"""What the elements ask of a host's agent, and what they refuse to ask."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cloudstack.contracts.agent import (
    AgentAnswer,
    AgentCommand,
    BridgeReady,
    Done,
    EnsureBridge,
    EnsureDhcp,
    RemoveBridge,
    RemoveDhcp,
    RemoveDhcpHost,
    SetDhcpHost,
)
from cloudstack.contracts.errors import DriverUnavailable, InvalidSpec
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.network import GuestNic, NetworkElement, NetworkSpec, Service
from cloudstack.framework import drivers
from plugins.network.virtual_router.element import VirtualRouter
from plugins.network.virtual_router.hooks import register_network_elements
from plugins.network.virtual_router.vxlan import VxlanSegment

UUID = "0c0e5f64-71b0-4a43-9b43-4a7d1ad5b1ea"
HOST = HostRef(uuid="5d3c1a7e-0000-4000-8000-000000000001", name="h1", hypervisor="Recorder", url="")
NIC = GuestNic(mac="02:00:00:00:00:09", ipv4="10.1.1.9", hostname="web")
NETWORK = NetworkSpec(
    uuid=UUID,
    name="n",
    guest_type="Isolated",
    vni=5001,
    cidr="10.1.1.0/24",
    gateway="10.1.1.1",
    dhcp_server="10.1.1.2",
    dns=("192.0.2.53",),
    domain="lab.example",
    mtu=1450,
    underlay="guest0",
    bridge="brvx-5001",
)


class RecordingAgent:
    """Writes down what it is asked, as JSON would carry it, and says that it is done."""

    asked: list[AgentCommand] = []
    broken = False

    def __init__(self, host: HostRef):
        assert host.uuid == HOST.uuid

    def call(self, command: AgentCommand, *, timeout_s: float) -> AgentAnswer:
        assert 0 < timeout_s <= 60
        if self.broken:
            raise DriverUnavailable("nobody there")
        self.asked.append(type(command).from_wire(command.to_wire()))
        if isinstance(command, EnsureBridge):
            return BridgeReady(bridge=command.bridge, mtu=command.mtu, changed=True)
        return Done(changed=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[AgentCommand]]:
    monkeypatch.setattr(RecordingAgent, "asked", [])
    monkeypatch.setattr(RecordingAgent, "broken", False)
    monkeypatch.setattr(drivers, "_registered", lambda hook: {"Recorder": RecordingAgent})
    yield RecordingAgent.asked


@pytest.mark.parametrize("name", ["VirtualRouter", "VXLAN"])
def test_the_hook_gives_elements_that_fulfil_the_contract(name: str) -> None:
    element = register_network_elements()[name]()
    assert isinstance(element, NetworkElement)
    assert element.name == name
    assert element.services


def test_a_segment_is_a_bridge_with_a_vxlan(asked) -> None:
    assert VxlanSegment().prepare_host(NETWORK, HOST) == "brvx-5001"
    assert asked == [EnsureBridge(bridge="brvx-5001", vni=5001, underlay="guest0", mtu=1450)]


def test_a_host_may_have_another_link_for_guests(asked) -> None:
    VxlanSegment().prepare_host(NETWORK, replace(HOST, details={"guest_link": "bond7"}))
    assert asked[0].underlay == "bond7"


def test_without_a_link_or_number_the_operator_is_told_what_is_missing(asked) -> None:
    with pytest.raises(InvalidSpec, match="kvmnetworklabel"):
        VxlanSegment().prepare_host(replace(NETWORK, underlay=""), HOST)
    with pytest.raises(InvalidSpec, match="no VXLAN number"):
        VxlanSegment().prepare_host(replace(NETWORK, vni=0), HOST)
    assert asked == []


def test_a_segment_is_taken_away(asked) -> None:
    VxlanSegment().release_host(NETWORK, HOST)
    VxlanSegment().release_host(replace(NETWORK, vni=0), HOST)
    assert asked == [RemoveBridge(bridge="brvx-5001")]


def test_the_router_gives_addresses_and_names(asked) -> None:
    router = VirtualRouter()
    assert router.services == {Service.DHCP, Service.DNS, Service.USER_DATA}
    router.implement(NETWORK, HOST)
    router.prepare_nic(NETWORK, NIC, HOST)
    router.release_nic(NETWORK, NIC, HOST)
    router.shutdown(NETWORK, HOST)
    assert asked == [
        EnsureDhcp(
            network_uuid=UUID,
            bridge="brvx-5001",
            server_ip="10.1.1.2",
            prefix=24,
            gateway="10.1.1.1",
            dns=("192.0.2.53",),
            domain="lab.example",
            mtu=1450,
        ),
        SetDhcpHost(network_uuid=UUID, mac=NIC.mac, ip=NIC.ipv4, hostname="web"),
        RemoveDhcpHost(network_uuid=UUID, mac=NIC.mac),
        RemoveDhcp(network_uuid=UUID),
    ]


def test_the_router_joins_whatever_bridge_the_network_has(asked) -> None:
    VirtualRouter().implement(replace(NETWORK, bridge="br-of-others"), HOST)
    assert asked[0].bridge == "br-of-others"


def test_a_network_without_gateway_has_none(asked) -> None:
    VirtualRouter().implement(replace(NETWORK, gateway=""), HOST)
    assert asked[0].gateway is None


def test_a_network_without_addresses_needs_no_server(asked) -> None:
    router, plain = VirtualRouter(), replace(NETWORK, cidr="", gateway="", dhcp_server="")
    router.implement(plain, HOST)
    router.prepare_nic(plain, NIC, HOST)
    router.release_nic(plain, NIC, HOST)
    assert asked == []


def test_other_hosts_need_nothing_of_the_router(asked) -> None:
    assert VirtualRouter().prepare_host(NETWORK, HOST) == ""
    VirtualRouter().release_host(NETWORK, HOST)
    assert asked == []


def test_an_agent_that_is_away_is_reported_as_such(asked, monkeypatch) -> None:
    monkeypatch.setattr(RecordingAgent, "broken", True)
    with pytest.raises(DriverUnavailable) as failure:
        VirtualRouter().implement(NETWORK, HOST)
    assert failure.value.retryable
