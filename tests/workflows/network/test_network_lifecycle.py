"""Networks come up with their first guest, go down when they are idle, and leave nothing behind."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus, ResourceState
from apps.network.factories import NetworkFactory, NetworkOfferingFactory
from apps.network.models import IpAllocation, Network, NetworkHost, VniAllocation
from apps.network.services import collector
from apps.network.services.addresses import free_nic, reserve_nic
from apps.network.services.networks import NetworkManager
from apps.network.states import NetworkState
from apps.network.workflows.steps import (
    connect_host,
    disconnect_host,
    implement_network,
    prepare_nic,
    release_nic,
    undo_implement,
)
from cloudstack.framework.errors import (
    InsufficientAddressCapacity,
    InsufficientCapacity,
    InvalidParameter,
    ResourceInUse,
)
from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater
from cloudstack.testing.jobs import run_job, run_jobs

pytestmark = pytest.mark.django_db


def context(name: str = "compute.vm.start", status: str = AsyncJob.Status.RUNNING) -> JobContext:
    """The context of a job of the app above."""
    return JobContext(AsyncJob.objects.create(name=name, status=status))


def isolated(cloud, **options) -> Network:
    return NetworkFactory(physical_network=cloud.physical_network, **options)


def fresh(network: Network) -> Network:
    return Network.all_objects.select_related("service_host").get(pk=network.pk)


def test_the_first_guest_brings_an_isolated_network_up(cloud, machines, card) -> None:
    network, near = isolated(cloud), cloud.hosts[1]
    ctx = context()
    implement_network(ctx, network, near)
    bridge = connect_host(ctx, network, near)
    prepare_nic(ctx, network, card(9))
    network = fresh(network)
    assert (network.state, network.services_up, network.service_host) == (NetworkState.IMPLEMENTED, True, near)
    assert network.implementing_job is None
    assert network.broadcast_uri == f"vxlan://{network.vni}"
    assert bridge == f"brvx-{network.vni}"
    assert cloud.bridges(near) == {bridge}
    assert cloud.dhcp(network) == {near.name: {"10.1.1.9"}}


def test_guests_on_other_hosts_reach_the_same_server(cloud, machines, card) -> None:
    network, (first, second, third) = isolated(cloud), cloud.hosts
    ctx = context()
    implement_network(ctx, network, first)
    names = {connect_host(ctx, network, host) for host in (first, second)}
    implement_network(ctx, network, second)
    prepare_nic(ctx, network, card(7))
    assert len(names) == 1
    assert cloud.bridges(second) == names
    assert cloud.bridges(third) == set()
    assert cloud.dhcp(network) == {first.name: {"10.1.1.7"}}


def test_everything_may_be_said_twice(cloud, machines, card) -> None:
    network, host, ctx = isolated(cloud), cloud.hosts[0], context()
    for _ in range(2):
        implement_network(ctx, network, host)
        connect_host(ctx, network, host)
        prepare_nic(ctx, network, card(5))
    for _ in range(2):
        release_nic(ctx, network, card(5))
        disconnect_host(ctx, network, host)
        undo_implement(ctx, network)
    assert cloud.dhcp(network) == {host.name: set()}
    assert VniAllocation.objects.filter(network=network).count() == 1
    assert fresh(network).state == NetworkState.IMPLEMENTED


def test_an_l2_network_needs_no_server(cloud, machines) -> None:
    network, ctx = isolated(cloud, l2=True), context()
    implement_network(ctx, network, cloud.hosts[0])
    bridge = connect_host(ctx, network, cloud.hosts[0])
    assert (fresh(network).state, fresh(network).service_host) == (NetworkState.IMPLEMENTED, None)
    assert cloud.bridges(cloud.hosts[0]) == {bridge}
    assert cloud.dhcp(network) == {}


def test_a_shared_network_stays_setup_and_keeps_its_number(cloud, machines, card) -> None:
    network, ctx = isolated(cloud, shared=True), context()
    number = network.vni
    implement_network(ctx, network, cloud.hosts[0])
    prepare_nic(ctx, network, card(20))
    assert (fresh(network).state, fresh(network).services_up) == (NetworkState.SETUP, True)
    assert fresh(network).vni == number
    assert cloud.dhcp(network) == {cloud.hosts[0].name: {"10.1.1.20"}}


def test_only_one_job_brings_a_network_up(cloud, machines) -> None:
    network, mine, other = isolated(cloud), context(), context()
    Network.objects.filter(pk=network.pk).update(state=NetworkState.IMPLEMENTING, implementing_job=other.job.uuid)
    with pytest.raises(RetryLater):
        implement_network(mine, network, cloud.hosts[0])
    AsyncJob.objects.filter(pk=other.job.pk).update(status=AsyncJob.Status.FAILED)
    implement_network(mine, network, cloud.hosts[0])
    assert fresh(network).state == NetworkState.IMPLEMENTED


def test_undo_touches_only_what_its_own_job_has_begun(cloud, machines) -> None:
    network, mine, other = isolated(cloud), context(), context()
    Network.objects.filter(pk=network.pk).update(state=NetworkState.IMPLEMENTING, implementing_job=other.job.uuid)
    undo_implement(mine, network)
    assert fresh(network).state == NetworkState.IMPLEMENTING
    undo_implement(other, network)
    assert (fresh(network).state, fresh(network).implementing_job) == (NetworkState.ALLOCATED, None)


def test_a_network_cannot_come_up_without_a_host(cloud, machines) -> None:
    Host.objects.update(status=HostStatus.DOWN)
    network = isolated(cloud)
    with pytest.raises(InsufficientCapacity, match="up and enabled"):
        implement_network(context(), network, None)
    assert fresh(network).state == NetworkState.ALLOCATED
    assert not VniAllocation.objects.exists()


def test_numbers_run_out_in_words_that_help(cloud, machines) -> None:
    cloud.physical_network.vnet_ranges.update(start=77, end=77)
    first, second = isolated(cloud), isolated(cloud)
    implement_network(context(), first, cloud.hosts[0])
    assert fresh(first).vni == 77
    with pytest.raises(InsufficientAddressCapacity, match="updatePhysicalNetwork"):
        implement_network(context(), second, cloud.hosts[0])
    assert fresh(second).state == NetworkState.ALLOCATED


def test_an_idle_network_is_taken_down_completely(cloud, machines, card) -> None:
    network, ctx = isolated(cloud), context()
    implement_network(ctx, network, cloud.hosts[0])
    for host in cloud.hosts[:2]:
        connect_host(ctx, network, host)
    machines.run(network, card(9))
    assert collector.collect_networks() == 0
    machines.run(network)
    assert collector.collect_networks() == 0, "it has only just become idle"
    Network.objects.update(idle_since=timezone.now() - timedelta(hours=1))
    assert collector.collect_networks() == 1
    assert collector.collect_networks() == 0, "one job at a time"
    run_jobs()
    network = fresh(network)
    assert (network.state, network.vni, network.broadcast_uri) == (NetworkState.ALLOCATED, None, "")
    assert (network.service_host, network.services_up) == (None, False)
    assert not NetworkHost.objects.exists()
    assert not VniAllocation.objects.exists()
    assert [cloud.bridges(host) for host in cloud.hosts] == [set(), set(), set()]
    assert cloud.dhcp(network) == {}


def test_a_network_that_is_used_again_stays_up(cloud, machines, card) -> None:
    network = isolated(cloud)
    implement_network(context(), network, cloud.hosts[0])
    Network.objects.update(idle_since=timezone.now() - timedelta(hours=1))
    assert collector.collect_networks() == 1
    machines.run(network, card(9))
    run_jobs()
    assert fresh(network).state == NetworkState.IMPLEMENTED
    assert fresh(network).idle_since is None


def test_persistent_networks_come_up_at_once_and_never_go_down(cloud, machines) -> None:
    offering = NetworkOfferingFactory(is_persistent=True)
    network = NetworkManager().create(caller=cloud.root, zone=cloud.zone, offering=offering, name="always")
    run_jobs()
    assert fresh(network).state == NetworkState.IMPLEMENTED
    Network.objects.update(idle_since=timezone.now() - timedelta(hours=1))
    assert collector.collect_networks() == 0


def test_a_bridge_goes_when_its_last_guest_has_left_for_a_while(cloud, machines) -> None:
    network, ctx, (first, second, _) = isolated(cloud), context(), cloud.hosts
    implement_network(ctx, network, first)
    connect_host(ctx, network, second)
    disconnect_host(ctx, network, second)
    assert collector.collect_links() == 0
    NetworkHost.objects.filter(host=second).update(idle_since=timezone.now() - timedelta(hours=1))
    assert collector.collect_links() == 1
    run_jobs()
    assert cloud.bridges(second) == set()
    assert len(cloud.bridges(first)) == 1, "the server lives there"
    assert fresh(network).vni is not None


def test_a_guest_that_comes_back_keeps_the_bridge(cloud, machines) -> None:
    network, ctx, (first, second, _) = isolated(cloud), context(), cloud.hosts
    implement_network(ctx, network, first)
    connect_host(ctx, network, second)
    disconnect_host(ctx, network, second)
    NetworkHost.objects.filter(host=second).update(idle_since=timezone.now() - timedelta(hours=1))
    assert collector.collect_links() == 1
    connect_host(ctx, network, second)
    run_jobs()
    assert len(cloud.bridges(second)) == 1


@pytest.mark.parametrize(
    "trouble", [{"status": HostStatus.DOWN}, {"resource_state": ResourceState.PREPARE_FOR_MAINTENANCE}]
)
def test_services_move_away_from_a_host_in_trouble(cloud, machines, card, trouble) -> None:
    network, ctx, first = isolated(cloud), context(), cloud.hosts[0]
    implement_network(ctx, network, first)
    prepare_nic(ctx, network, card(9))
    machines.run(network, card(9), card(10))
    assert collector.heal() == 0
    Host.objects.filter(pk=first.pk).update(**trouble)
    assert collector.heal() == 1
    run_jobs()
    now = fresh(network)
    assert now.service_host != first
    known = cloud.dhcp(network)
    assert known[now.service_host.name] == {"10.1.1.9", "10.1.1.10"}
    if first.name in known:
        # It could not be asked. When it is back, its old server is taken away.
        Host.objects.filter(pk=first.pk).update(status=HostStatus.UP)
        assert collector.collect_links() == 1
        run_jobs()
    assert set(cloud.dhcp(network)) == {now.service_host.name}
    assert collector.heal() == 0


def test_a_silent_host_keeps_the_services(cloud, machines) -> None:
    network = isolated(cloud)
    implement_network(context(), network, cloud.hosts[0])
    Host.objects.filter(pk=cloud.hosts[0].pk).update(status=HostStatus.ALERT)
    assert collector.heal() == 0
    implement_network(context(), network, cloud.hosts[1])
    assert fresh(network).service_host == cloud.hosts[0]


def test_a_machine_can_be_stopped_while_the_server_is_out_of_reach(cloud, machines, card) -> None:
    network, ctx = isolated(cloud), context()
    implement_network(ctx, network, cloud.hosts[0])
    prepare_nic(ctx, network, card(9))
    Host.objects.filter(pk=cloud.hosts[0].pk).update(status=HostStatus.DOWN)
    release_nic(ctx, network, card(9))


def test_a_number_stays_held_while_a_lost_host_may_still_carry_the_segment(cloud, machines) -> None:
    network, ctx, (first, second, _) = isolated(cloud), context(), cloud.hosts
    implement_network(ctx, network, first)
    connect_host(ctx, network, second)
    number = fresh(network).vni
    Host.objects.filter(pk=second.pk).update(status=HostStatus.DOWN)
    from plugins.hypervisors.simulator.models import Fault

    Fault.objects.create(command="bridge.remove", value="unavailable:gone", remaining=1, host_uuid=second.uuid)
    job = NetworkManager().delete(caller=cloud.root, network=network)
    assert run_job(job).status == AsyncJob.Status.SUCCEEDED
    assert fresh(network).removed is not None
    assert VniAllocation.objects.get(network=network).vni == number
    Host.objects.filter(pk=second.pk).update(status=HostStatus.UP)
    NetworkHost.objects.update(idle_since=timezone.now() - timedelta(hours=1))
    assert collector.collect_links() == 1
    run_jobs()
    assert cloud.bridges(second) == set()
    assert not VniAllocation.objects.exists()
    assert not NetworkHost.objects.exists()


def test_deleting_leaves_nothing(cloud, machines) -> None:
    network = NetworkManager().create(
        caller=cloud.root, zone=cloud.zone, offering=NetworkOfferingFactory(), name="short-lived"
    )
    implement_network(context(), network, cloud.hosts[0])
    job = run_job(NetworkManager().delete(caller=cloud.root, network=network))
    assert job.status == AsyncJob.Status.SUCCEEDED
    assert fresh(network).state == NetworkState.DESTROY
    assert not IpAllocation.objects.exists()
    assert not VniAllocation.objects.exists()
    assert cloud.bridges(cloud.hosts[0]) == set()
    assert cloud.dhcp(network) == {}


def test_a_network_with_a_card_cannot_be_deleted(cloud, machines) -> None:
    network, nic = isolated(cloud), uuid.uuid4()
    reserve_nic(network=network, nic_uuid=nic)
    with pytest.raises(ResourceInUse, match="1 card of machines"):
        NetworkManager().delete(caller=cloud.root, network=network)
    free_nic(nic_uuid=nic)
    job = NetworkManager().delete(caller=cloud.root, network=network)
    reserve_nic(network=network, nic_uuid=nic)
    job = run_job(job)
    assert (job.status, job.error_code) == (AsyncJob.Status.FAILED, ResourceInUse.code)
    assert fresh(network).removed is None
    assert fresh(network).state == NetworkState.ALLOCATED


@pytest.mark.parametrize("cleanup", [True, False])
def test_a_restart_brings_lost_services_back(cloud, machines, card, cleanup) -> None:
    from plugins.hypervisors.simulator.models import SimulatedDhcp, SimulatedDhcpHost

    network, ctx, host = isolated(cloud), context(), cloud.hosts[0]
    implement_network(ctx, network, host)
    machines.run(network, card(9), card(10))
    SimulatedDhcp.objects.all().delete()
    SimulatedDhcpHost.objects.all().delete()
    job = run_job(NetworkManager().restart(caller=cloud.root, network=fresh(network), cleanup=cleanup))
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    assert cloud.dhcp(network) == {host.name: {"10.1.1.9", "10.1.1.10"}}


def test_a_network_that_is_down_has_nothing_to_restart(cloud, machines) -> None:
    with pytest.raises(InvalidParameter, match="nothing to restart"):
        NetworkManager().restart(caller=cloud.root, network=isolated(cloud))


def test_a_change_reaches_the_services(cloud, machines) -> None:
    network = isolated(cloud)
    implement_network(context(), network, cloud.hosts[0])
    job = NetworkManager().update(caller=cloud.root, network=fresh(network), dns1="192.0.2.9", name="renamed")
    assert fresh(network).restart_required
    assert run_job(job).status == AsyncJob.Status.SUCCEEDED
    now = fresh(network)
    assert (now.name, now.dns1, now.restart_required, now.services_up) == ("renamed", "192.0.2.9", False, True)


def test_a_change_that_cannot_be_told_shows_until_it_is(cloud, machines) -> None:
    from plugins.hypervisors.simulator.models import Fault

    network = isolated(cloud)
    implement_network(context(), network, cloud.hosts[0])
    Fault.objects.create(command="dhcp.ensure", value="fault:no dnsmasq here", remaining=1)
    job = run_job(NetworkManager().update(caller=cloud.root, network=fresh(network), dns1="192.0.2.9"))
    assert job.status == AsyncJob.Status.FAILED
    assert "no dnsmasq here" in job.error_text
    assert fresh(network).restart_required
    assert fresh(network).implementing_job is None
    implement_network(context(), network, cloud.hosts[0])
    assert not fresh(network).restart_required


def test_a_bridge_in_use_is_asked_for_again_later(cloud, machines) -> None:
    from plugins.hypervisors.simulator.models import Fault

    network, ctx, (first, second, _) = isolated(cloud), context(), cloud.hosts
    implement_network(ctx, network, first)
    connect_host(ctx, network, second)
    disconnect_host(ctx, network, second)
    long_ago = timezone.now() - timedelta(hours=1)
    NetworkHost.objects.filter(host=second).update(idle_since=long_ago)
    Fault.objects.create(command="bridge.remove", value="fault:the bridge carries the card vnet0", remaining=1)
    assert collector.collect_links() == 1
    run_jobs()
    assert len(cloud.bridges(second)) == 1
    assert collector.collect_links() == 0, "not at once"
    NetworkHost.objects.filter(host=second).update(idle_since=long_ago)
    assert collector.collect_links() == 1
    run_jobs()
    assert cloud.bridges(second) == set()
