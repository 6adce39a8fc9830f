"""The same workflows on two real hosts of the lab: bridges, VXLAN and dnsmasq that really run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.infrastructure.factories import ClusterFactory, HostFactory
from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus
from apps.network.factories import NetworkFactory, PhysicalNetworkFactory
from apps.network.models import Network, NetworkHost, PhysicalNetworkTrafficType, VniAllocation
from apps.network.services import collector
from apps.network.states import NetworkState
from apps.network.workflows.steps import connect_host, implement_network, prepare_nic, release_nic
from cloudstack.contracts.agent import AgentAnswer, AgentCommand, ListNetworkState
from cloudstack.contracts.network import GuestNic
from cloudstack.framework.jobs import AsyncJob, JobContext
from cloudstack.testing.jobs import run_jobs
from plugins.network.virtual_router import agents
from tests.integration.lab.conftest import Lab, lab

__all__ = ["lab"]

pytestmark = [pytest.mark.django_db, pytest.mark.lab, pytest.mark.slow]


@dataclass
class LabAgent:
    """The agent of a lab host, over the lab's own broker."""

    lab: Lab
    host: str

    def call(self, command: AgentCommand, *, timeout_s: float) -> AgentAnswer:
        return self.lab.ask(self.host, command, timeout_s=timeout_s)


@pytest.fixture
def hosts(db: None, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> list[Host]:
    monkeypatch.setattr(agents, "host_agent", lambda ref: LabAgent(lab, ref.name))
    cluster = ClusterFactory(hypervisor="KVM")
    # Details of the factory name a simulated link.
    return [HostFactory(cluster=cluster, name=name, details={}) for name in ("host1", "host2")]


def test_a_network_comes_up_moves_and_goes(lab, hosts, machines, card: Callable[[int], GuestNic]) -> None:
    physical = PhysicalNetworkFactory(zone=hosts[0].zone, vnis=(7300, 7399))
    PhysicalNetworkTrafficType.objects.update(kvm_label="mgmt")
    network = NetworkFactory(physical_network=physical, network_domain="guests.test")
    ctx = JobContext(AsyncJob.objects.create(name="compute.vm.start", status=AsyncJob.Status.RUNNING))

    implement_network(ctx, network, hosts[0])
    bridges = {connect_host(ctx, network, host) for host in hosts}
    for number in (20, 21):
        prepare_nic(ctx, network, card(number))
    release_nic(ctx, network, card(21))
    assert len(bridges) == 1
    assert serving(lab, network) == {"host1": {"10.1.1.20"}}

    # The server answers through the VXLAN, with the guest's name.
    [bridge] = bridges
    lab.inside("host2", "ip", "address", "add", "10.1.1.77/24", "dev", bridge)
    lab.inside("host2", "ping", "-c", "3", "-W", "5", network.dhcp_server)
    lab.inside("host2", "ip", "address", "del", "10.1.1.77/24", "dev", bridge)

    machines.run(network, card(20), card(22))
    Host.objects.filter(pk=hosts[0].pk).update(status=HostStatus.DOWN)
    assert collector.heal() == 1
    run_jobs()
    assert serving(lab, network) == {"host1": {"10.1.1.20"}, "host2": {"10.1.1.20", "10.1.1.22"}}
    Host.objects.filter(pk=hosts[0].pk).update(status=HostStatus.UP)
    assert collector.collect_links() == 1
    run_jobs()
    assert serving(lab, network) == {"host2": {"10.1.1.20", "10.1.1.22"}}

    machines.run(network)
    collector.collect_networks()
    Network.objects.update(idle_since=timezone.now() - timedelta(hours=1))
    assert collector.collect_networks() == 1
    run_jobs()
    network.refresh_from_db()
    assert network.state == NetworkState.ALLOCATED
    assert not NetworkHost.objects.exists()
    assert not VniAllocation.objects.exists()
    for host in ("host1", "host2"):
        state = lab.ask(host, ListNetworkState())
        assert (state.bridges, state.dhcp) == ((), ())


def serving(lab: Lab, network: Network) -> dict[str, set[str]]:
    """Host → the addresses that its running server of ``network`` knows."""
    return {
        host: {entry.ip for entry in server.hosts}
        for host in ("host1", "host2")
        for server in lab.ask(host, ListNetworkState()).dhcp
        if server.network_uuid == str(network.uuid) and server.running
    }
