"""What every agent of a host must do: subclass, override the ``make_…`` methods, run by pytest."""

from typing import Any
from uuid import uuid4

import pytest

from cloudstack.contracts import agent as words
from cloudstack.contracts.agent import AgentCommand, HostAgent
from cloudstack.contracts.errors import DriverError, DriverTimeout, DriverUnavailable, NotFound
from cloudstack.testing.abilities import Conformance

MAC = "02:00:00:00:00:01"


class HostAgentConformance(Conformance):
    """The contract of :class:`cloudstack.contracts.agent.HostAgent` as tests, for the commands of networks."""

    bridge = "brvx-4077"
    vni = 4077
    timeout_s = 30.0

    # -- what a subclass gives -------------------------------------------------------------------

    def make_agent(self) -> HostAgent:
        """The agent of a host that works; each call of one test names the same host."""
        raise NotImplementedError

    def make_unreachable_agent(self) -> HostAgent:
        """The agent of a host that does not answer."""
        raise NotImplementedError

    def make_underlay(self) -> str:
        """A link of the host that carries VXLAN."""
        return "guest0"

    # -- fixtures --------------------------------------------------------------------------------

    @pytest.fixture
    def agent(self) -> HostAgent:
        return self.make_agent()

    @pytest.fixture
    def network(self, agent: HostAgent) -> Any:
        """UUID of a network whose bridge is there; all of it is taken away afterwards."""
        uuid = str(uuid4())
        self._ask(agent, self._bridge())
        yield uuid
        self._ask(agent, words.RemoveDhcp(network_uuid=uuid))
        self._ask(agent, words.RemoveBridge(bridge=self.bridge))

    def _ask(self, agent: HostAgent, command: AgentCommand) -> Any:
        answer = agent.call(command, timeout_s=self.timeout_s)
        assert isinstance(answer, command.answer_type)
        return answer

    def _bridge(self) -> words.EnsureBridge:
        return words.EnsureBridge(bridge=self.bridge, vni=self.vni, underlay=self.make_underlay(), mtu=1400)

    def _dhcp(self, network: str, bridge: str = "") -> words.EnsureDhcp:
        return words.EnsureDhcp(
            network_uuid=network, bridge=bridge or self.bridge, server_ip="10.77.1.2", prefix=24, gateway="10.77.1.1"
        )

    def _entry(self, network: str, ip: str = "10.77.1.9") -> words.SetDhcpHost:
        return words.SetDhcpHost(network_uuid=network, mac=MAC, ip=ip, hostname="web")

    def _server(self, agent: HostAgent, network: str) -> words.DhcpState | None:
        state = self._ask(agent, words.ListNetworkState())
        return next((one for one in state.dhcp if one.network_uuid == network), None)

    # -- the commands ----------------------------------------------------------------------------

    def test_it_is_an_agent(self, agent: HostAgent) -> None:
        assert isinstance(agent, HostAgent)

    def test_facts_are_sensible(self, agent: HostAgent) -> None:
        facts = self._ask(agent, words.HostFactsQuery())
        assert facts.cpus >= 1 and facts.cpu_mhz >= 1 and facts.uptime_s >= 0
        assert 0 <= facts.memory_free_mib <= facts.memory_total_mib

    def test_bridge_comes_once_and_goes_once(self, agent: HostAgent) -> None:
        answers = [self._ask(agent, self._bridge()) for _ in range(2)]
        assert [(one.bridge, one.mtu, one.changed) for one in answers] == [
            (self.bridge, 1400, True),
            (self.bridge, 1400, False),
        ]
        found = {one.name: one.vni for one in self._ask(agent, words.ListNetworkState()).bridges}
        assert found[self.bridge] == self.vni
        gone = words.RemoveBridge(bridge=self.bridge)
        assert [self._ask(agent, gone).changed for _ in range(2)] == [True, False]

    def test_bridge_with_a_server_stays(self, agent: HostAgent, network: str) -> None:
        self._ask(agent, self._dhcp(network))
        with pytest.raises(DriverError):
            self._ask(agent, words.RemoveBridge(bridge=self.bridge))
        assert self._server(agent, network) is not None

    def test_server_comes_once_and_goes_once(self, agent: HostAgent, network: str) -> None:
        assert [self._ask(agent, self._dhcp(network)).changed for _ in range(2)] == [True, False]
        server = self._server(agent, network)
        assert server is not None and server.bridge == self.bridge
        gone = words.RemoveDhcp(network_uuid=network)
        assert [self._ask(agent, gone).changed for _ in range(2)] == [True, False]
        assert self._server(agent, network) is None

    def test_server_needs_its_bridge_and_entries_their_server(self, agent: HostAgent, network: str) -> None:
        with pytest.raises(NotFound):
            self._ask(agent, self._entry(network))
        with pytest.raises(NotFound):
            self._ask(agent, self._dhcp(network, bridge="brvx-404"))

    def test_entries_come_change_and_go(self, agent: HostAgent, network: str) -> None:
        self._ask(agent, self._dhcp(network))
        for ip in ("10.77.1.9", "10.77.1.9", "10.77.1.10"):
            self._ask(agent, self._entry(network, ip))
            server = self._server(agent, network)
            assert server is not None
            assert [(host.mac, host.ip, host.hostname) for host in server.hosts] == [(MAC, ip, "web")]
        gone = words.RemoveDhcpHost(network_uuid=network, mac=MAC)
        assert [self._ask(agent, gone).changed for _ in range(2)] == [True, False]

    def test_what_never_was_goes_without_a_word(self, agent: HostAgent) -> None:
        nobody = str(uuid4())
        for command in (
            words.RemoveBridge(bridge=self.bridge),
            words.RemoveDhcp(network_uuid=nobody),
            words.RemoveDhcpHost(network_uuid=nobody, mac=MAC),
        ):
            assert not self._ask(agent, command).changed

    def test_unreachable_host_is_worth_another_try(self) -> None:
        with pytest.raises((DriverUnavailable, DriverTimeout)) as caught:
            self.make_unreachable_agent().call(words.HostFactsQuery(), timeout_s=2)
        assert caught.value.retryable
