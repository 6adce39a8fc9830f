"""The agent of a simulated host keeps the words of the real one."""

from uuid import uuid4

import pytest

from cloudstack.contracts.agent import (
    BridgeReady,
    EnsureBridge,
    EnsureDhcp,
    HostAgent,
    HostFactsAnswer,
    HostFactsQuery,
    ListNetworkState,
    RemoveBridge,
    RemoveDhcp,
    RemoveDhcpHost,
    SetDhcpHost,
)
from cloudstack.contracts.errors import DriverError, DriverUnavailable, NotFound
from plugins.hypervisors.simulator.agent import SimulatorAgent
from plugins.hypervisors.simulator.driver import SimulatorDriver
from plugins.hypervisors.simulator.testing import BRIDGE, new_host, new_machine
from plugins.hypervisors.simulator.world import inject, violations

pytestmark = pytest.mark.django_db
NETWORK = str(uuid4())


@pytest.fixture
def agent() -> SimulatorAgent:
    return SimulatorAgent(new_host())


def ask(agent: SimulatorAgent, command):
    return agent.call(command, timeout_s=5)


def dhcp(bridge: str = BRIDGE) -> EnsureDhcp:
    return EnsureDhcp(network_uuid=NETWORK, bridge=bridge, server_ip="10.1.1.2", prefix=24, gateway="10.1.1.1")


def entry(mac: str = "02:00:00:00:00:01", ip: str = "10.1.1.9") -> SetDhcpHost:
    return SetDhcpHost(network_uuid=NETWORK, mac=mac, ip=ip, hostname="web")


def test_it_is_an_agent(agent: SimulatorAgent) -> None:
    assert isinstance(agent, HostAgent)


def test_facts(agent: SimulatorAgent) -> None:
    facts = ask(agent, HostFactsQuery())
    assert isinstance(facts, HostFactsAnswer)
    assert facts.memory_total_mib == facts.memory_free_mib == 65536
    SimulatorDriver(agent.host).start(new_machine(agent.host, memory_mib=1024))
    assert ask(agent, HostFactsQuery()).memory_free_mib == 64512


def test_bridge_comes_once_and_goes_once(agent: SimulatorAgent) -> None:
    wanted = EnsureBridge(bridge="brvx-9", vni=9, underlay="guest0", mtu=1450)
    assert ask(agent, wanted) == BridgeReady(bridge="brvx-9", mtu=1450, changed=True)
    assert ask(agent, wanted) == BridgeReady(bridge="brvx-9", mtu=1450, changed=False)
    assert [ask(agent, RemoveBridge(bridge="brvx-9")).changed for _ in range(2)] == [True, False]


def test_bridge_in_use_stays(agent: SimulatorAgent) -> None:
    driver = SimulatorDriver(agent.host)
    spec = new_machine(agent.host)
    driver.start(spec)
    with pytest.raises(DriverError, match=spec.nics[0].mac):
        ask(agent, RemoveBridge(bridge=BRIDGE))
    driver.destroy(spec.uuid)
    ask(agent, dhcp())
    with pytest.raises(DriverError, match="DHCP"):
        ask(agent, RemoveBridge(bridge=BRIDGE))
    ask(agent, RemoveDhcp(network_uuid=NETWORK))
    assert ask(agent, RemoveBridge(bridge=BRIDGE)).changed


def test_dhcp_needs_the_bridge_and_entries_need_dhcp(agent: SimulatorAgent) -> None:
    with pytest.raises(NotFound):
        ask(agent, dhcp("brvx-404"))
    with pytest.raises(NotFound):
        ask(agent, entry())
    assert [ask(agent, dhcp()).changed for _ in range(2)] == [True, False]
    for _ in range(2):
        ask(agent, entry())
    state = ask(agent, ListNetworkState())
    assert [(host.mac, host.ip) for host in state.dhcp[0].hosts] == [("02:00:00:00:00:01", "10.1.1.9")]
    assert [ask(agent, RemoveDhcpHost(network_uuid=NETWORK, mac=entry().mac)).changed for _ in range(2)] == [
        True,
        False,
    ]


def test_one_address_for_two_cards_is_refused_and_written_down(agent: SimulatorAgent) -> None:
    ask(agent, dhcp())
    ask(agent, entry())
    with pytest.raises(DriverError, match=r"10\.1\.1\.9"):
        ask(agent, entry(mac="02:00:00:00:00:02"))
    assert len(violations()) == 1


def test_card_may_change_its_address(agent: SimulatorAgent) -> None:
    ask(agent, dhcp())
    ask(agent, entry())
    ask(agent, entry(ip="10.1.1.10"))
    [server] = ask(agent, ListNetworkState()).dhcp
    assert [host.ip for host in server.hosts] == ["10.1.1.10"]


def test_state_shows_what_is_left(agent: SimulatorAgent) -> None:
    spec = new_machine(agent.host)
    SimulatorDriver(agent.host).start(spec)
    state = ask(agent, ListNetworkState())
    assert state.taps == (spec.nics[0].mac,)
    assert [(bridge.name, bridge.vni) for bridge in state.bridges] == [(BRIDGE, 7)]
    SimulatorDriver(agent.host).destroy(spec.uuid)
    assert ask(agent, ListNetworkState()).taps == ()


def test_agent_can_be_made_to_fail(agent: SimulatorAgent) -> None:
    inject("bridge.ensure", "unavailable:gone", host_uuid=agent.host.uuid)
    wanted = EnsureBridge(bridge="brvx-9", vni=9, underlay="guest0")
    with pytest.raises(DriverUnavailable):
        ask(agent, wanted)
    assert ask(agent, wanted).changed
