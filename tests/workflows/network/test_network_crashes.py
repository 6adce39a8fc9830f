"""A worker dies before or after any call to a host: the next one ends the job, and nothing is lost or doubled."""

import contextlib
from collections.abc import Iterator

import pytest

from apps.network.factories import NetworkFactory
from apps.network.models import IpAllocation, Network, NetworkHost, VniAllocation
from apps.network.services.networks import NetworkManager
from apps.network.states import NETWORK_TRANSITIONAL, NetworkState
from cloudstack.contracts.network import GuestNic
from cloudstack.framework.jobs import AsyncJob, JobContext, dispatch
from cloudstack.testing.jobs import run_jobs, worker_died
from plugins.hypervisors.simulator.faults import SimulatedCrash
from plugins.hypervisors.simulator.models import Fault, Violation

pytestmark = pytest.mark.django_db

UP = ("bridge.ensure", "dhcp.ensure", "dhcp.host.set")
DOWN = ("dhcp.remove", "bridge.remove")
MOMENTS = ("crash:before", "crash:after")


@pytest.fixture(autouse=True)
def crashes_end_the_run_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CLOUDSTACK_SIMULATOR_CRASH", "raise")
    yield
    assert not Violation.objects.exists()


@pytest.fixture
def network(cloud, machines, card) -> Network:
    network = NetworkFactory(physical_network=cloud.physical_network)
    machines.run(network, card(9))
    return network


def bring_up(network: Network) -> AsyncJob:
    return dispatch(
        "network.network.implement",
        exclusive=[f"network:{network.uuid}"],
        resource=network,
        arguments={"network_uuid": str(network.uuid)},
    )


def carry_out(job: AsyncJob, command: str, value: str) -> AsyncJob:
    """Run ``job`` with one fault at ``command``; after a crash another worker takes over."""
    fault = Fault.objects.create(command=command, value=value, remaining=1)
    try:
        run_jobs()
    except SimulatedCrash:
        worker_died()
        run_jobs()
    fault.refresh_from_db()
    assert fault.used == 1, "the fault never happened, so this proves nothing"
    job.refresh_from_db()
    return job


def assert_settled(network: Network) -> Network:
    network = Network.all_objects.select_related("service_host").get(pk=network.pk)
    assert network.state not in NETWORK_TRANSITIONAL
    assert network.implementing_job is None
    assert not AsyncJob.objects.filter(status__in=AsyncJob.LIVE).exists()
    return network


def assert_up(cloud, network: Network) -> None:
    network = assert_settled(network)
    assert (network.state, network.services_up) == (NetworkState.IMPLEMENTED, True)
    assert cloud.dhcp(network) == {network.service_host.name: {"10.1.1.9"}}
    assert [name for host in cloud.hosts for name in cloud.bridges(host)] == [f"brvx-{network.vni}"]
    assert VniAllocation.objects.count() == 1


def assert_gone(cloud, network: Network) -> None:
    assert cloud.dhcp(network) == {}
    assert [name for host in cloud.hosts for name in cloud.bridges(host)] == []
    assert not NetworkHost.objects.exists()
    assert not VniAllocation.objects.exists()


@pytest.mark.parametrize("value", MOMENTS)
@pytest.mark.parametrize("command", UP)
def test_a_crash_on_the_way_up(cloud, network, command: str, value: str) -> None:
    job = carry_out(bring_up(network), command, value)
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    assert_up(cloud, network)


@pytest.mark.parametrize("command", UP)
def test_a_fault_on_the_way_up_leaves_the_network_as_it_was(cloud, network, command: str) -> None:
    job = carry_out(bring_up(network), command, "fault:no room")
    assert (job.status, job.error_code) == (AsyncJob.Status.FAILED, 534)
    assert "no room" in job.error_text
    assert assert_settled(network).state == NetworkState.ALLOCATED
    assert_gone(cloud, network)


@pytest.mark.parametrize("command", UP)
def test_a_host_that_answers_a_little_later_is_no_failure(cloud, network, command: str) -> None:
    job = carry_out(bring_up(network), command, "unavailable:busy")
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    assert_up(cloud, network)


@pytest.mark.parametrize("value", MOMENTS)
@pytest.mark.parametrize("command", DOWN)
@pytest.mark.parametrize("verb", ["shutdown", "delete"])
def test_a_crash_on_the_way_down(cloud, network, machines, verb: str, command: str, value: str) -> None:
    bring_up(network)
    run_jobs()
    machines.run(network)
    job = take_down(verb, cloud, network)
    job = carry_out(job, command, value)
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    now = assert_settled(network)
    assert_gone(cloud, network)
    if verb == "delete":
        assert now.removed is not None
        assert not IpAllocation.objects.exists()
    else:
        assert (now.state, now.vni) == (NetworkState.ALLOCATED, None)


@pytest.mark.parametrize("command", DOWN)
def test_a_host_that_refuses_is_cleaned_later_and_its_number_stays_held(cloud, network, machines, command: str) -> None:
    from apps.network.services import collector

    bring_up(network)
    run_jobs()
    machines.run(network)
    job = carry_out(take_down("shutdown", cloud, network), command, "fault:not now")
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    now = assert_settled(network)
    assert now.state == NetworkState.ALLOCATED
    assert VniAllocation.objects.get().vni == now.vni
    NetworkHost.objects.update(idle_since="2026-01-01T00:00:00Z")
    assert collector.collect_links() == 1
    run_jobs()
    assert_gone(cloud, network)
    assert assert_settled(network).vni is None


@pytest.mark.parametrize("value", MOMENTS)
@pytest.mark.parametrize("command", ("dhcp.remove", *UP))
def test_a_crash_in_a_restart(cloud, network, command: str, value: str) -> None:
    bring_up(network)
    run_jobs()
    network.refresh_from_db()
    job = NetworkManager().restart(caller=cloud.root, network=network, cleanup=True)
    job = carry_out(job, command, value)
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    assert_up(cloud, network)


def test_a_broken_restart_heals(cloud, network) -> None:
    from apps.network.services import collector

    bring_up(network)
    run_jobs()
    network.refresh_from_db()
    job = NetworkManager().restart(caller=cloud.root, network=network, cleanup=True)
    job = carry_out(job, "dhcp.ensure", "fault:no dnsmasq")
    assert job.status == AsyncJob.Status.FAILED
    assert not assert_settled(network).services_up
    assert collector.heal() == 1
    run_jobs()
    assert_up(cloud, network)


def test_a_cancelled_job_undoes(cloud, network) -> None:
    from cloudstack.framework.jobs.control import JobManager

    job = bring_up(network)
    JobManager().cancel(caller=cloud.root, job=job)
    run_jobs()
    job.refresh_from_db()
    assert job.status == AsyncJob.Status.CANCELLED
    assert assert_settled(network).state == NetworkState.ALLOCATED
    assert_gone(cloud, network)


class DiesAtCommit:
    """Kills the worker at its n-th transaction: ``before`` the commit (which is lost) or right ``after`` it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, n: int, moment: str):
        self.left, self.moment, self.died = n, moment, False
        original = JobContext.transaction

        @contextlib.contextmanager
        def transaction(ctx: JobContext) -> Iterator[None]:
            now = self.left == 0 and not self.died
            self.left -= 1
            with original(ctx):
                yield
                if now and self.moment == "before":
                    self.die()
            if now and self.moment == "after":
                self.die()

        monkeypatch.setattr(JobContext, "transaction", transaction)

    def die(self) -> None:
        self.died = True
        raise SimulatedCrash("commit")


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("verb", ["implement", "shutdown", "delete", "restart"])
def test_a_crash_at_any_commit(cloud, network, machines, monkeypatch, verb: str, moment: str) -> None:
    deaths = 0
    for n in range(20):
        bring_up(network)
        run_jobs()
        network.refresh_from_db()
        if verb == "restart":
            NetworkManager().restart(caller=cloud.root, network=network, cleanup=True)
        else:
            cards, _ = machines(network), machines.run(network)
            take_down("delete" if verb == "delete" else "shutdown", cloud, network)
            if verb == "implement":
                run_jobs()
                machines.run(network, *cards)
                bring_up(network)
        with monkeypatch.context() as patched:
            killer = DiesAtCommit(patched, n, moment)
            with contextlib.suppress(SimulatedCrash):
                run_jobs()
        worker_died()
        run_jobs()
        job = AsyncJob.objects.order_by("-pk").first()
        assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
        assert_settled(network)
        if verb in ("implement", "restart"):
            assert_up(cloud, network)
        else:
            assert_gone(cloud, network)
        if not killer.died:
            break
        deaths += 1
        if verb == "delete":
            network = NetworkFactory(physical_network=cloud.physical_network)
        machines.run(network, GuestNic(mac="02:00:00:00:00:09", ipv4="10.1.1.9", hostname="vm-9"))
    assert deaths >= 2, "nothing died, so this proves nothing"


def take_down(verb: str, cloud, network: Network) -> AsyncJob:
    network.refresh_from_db()
    if verb == "delete":
        return NetworkManager().delete(caller=cloud.root, network=network)
    return dispatch(
        "network.network.shutdown",
        exclusive=[f"network:{network.uuid}"],
        resource=network,
        arguments={"network_uuid": str(network.uuid)},
    )
