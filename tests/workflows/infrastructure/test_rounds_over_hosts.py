"""Rounds over all hosts: few statements however many there are, and one that is silent holds nobody up."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.compute.models import MachineUsage, VirtualMachine
from apps.compute.scheduled import collect_statistics, power_sweep
from apps.infrastructure.models import Host
from apps.infrastructure.services import heartbeat
from apps.infrastructure.states import HostStatus
from cloudstack.contracts.host import HostLoad, HostRef
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.driver import SimulatorDriver
from tests.support.cloud import SimulatedCloud, build_cloud

pytestmark = pytest.mark.django_db

ROUNDS: dict[str, Callable[[], object]] = {
    "power": power_sweep,
    "statistics": collect_statistics,
    "load": heartbeat.measure_hosts,
    "signs of life": heartbeat.check_hosts,
}


@pytest.fixture
def cloud() -> SimulatedCloud:
    """Six hosts, three of them with a running machine each."""
    cloud = build_cloud(hosts=6, clusters=1)
    for host in cloud.hosts[:3]:
        cloud.deploy(cloud.admin, hostid=host.uuid)
    run_jobs()
    assert VirtualMachine.objects.filter(state="Running").values("host").distinct().count() == 3
    return cloud


def long_silent() -> None:
    Host.objects.update(last_ping=timezone.now() - timedelta(hours=1))


def statements_of(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as statements:
        act()
    return len(statements)


@pytest.mark.parametrize("name", ROUNDS)
def test_more_hosts_are_no_more_statements(cloud: SimulatedCloud, name: str) -> None:
    for _ in range(2):  # what is new the first time is stored host by host
        long_silent()
        heartbeat.check_hosts()
        collect_statistics()
    long_silent()
    of_six = statements_of(ROUNDS[name])
    Host.objects.exclude(pk=cloud.hosts[0].pk).update(status=HostStatus.REMOVED)
    long_silent()
    of_one = statements_of(ROUNDS[name])
    # Several rows are written in a transaction of their own; each host by itself would be five statements or more.
    assert of_one > 0 and of_six <= of_one + 3
    assert not AsyncJob.objects.filter(name="compute.vm.settle_power").exists()


def test_one_silent_host_among_many_is_found_and_the_others_told(cloud: SimulatedCloud) -> None:
    dead, *others = cloud.hosts
    for verb in ("host_facts", "power_states", "statistics", "host_load"):
        world.inject(verb, "unavailable:no route to host", count=None, host_uuid=dead.uuid)
    long_silent()
    assert heartbeat.check_hosts() == {"alive": 5, "silent": 1, "left": 0}
    dead.refresh_from_db()
    assert (dead.status, dead.status_reason) == (HostStatus.ALERT, "no route to host")
    Host.objects.update(status=HostStatus.UP)
    power_sweep()
    collect_statistics()
    assert heartbeat.measure_hosts() == 5
    assert not AsyncJob.objects.filter(name="compute.vm.settle_power").exists(), "silence is no proof of death"
    assert set(MachineUsage.objects.values_list("vm__host", flat=True)) == {host.pk for host in others[:2]}


def test_a_fault_of_all_hosts_has_each_asked_by_itself(cloud: SimulatedCloud) -> None:
    fault = world.inject("power_states", "unavailable:busy", count=2)
    world.guest_powers_off(VirtualMachine.objects.order_by("pk").last().uuid)
    power_sweep()
    fault.refresh_from_db()
    assert fault.remaining == 0
    power_sweep()
    run_jobs()
    assert VirtualMachine.objects.filter(state="Running").count() == 2


@pytest.mark.parametrize("told", ["none", "broken", "holes"])
def test_a_driver_that_breaks_costs_no_other_host(
    cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    """Over many at once it has each asked by itself; over one it costs that one."""
    dead = cloud.hosts[-1]
    alone = SimulatorDriver.host_load

    def many(self: SimulatorDriver, hosts: Sequence[HostRef]) -> Any:
        return {"none": lambda: None, "broken": lambda: {}["x"], "holes": lambda: {host.uuid: None for host in hosts}}[
            told
        ]()

    def one(self: SimulatorDriver) -> HostLoad:
        return alone(self) if self.host.uuid != str(dead.uuid) else {}["x"]

    monkeypatch.setattr(SimulatorDriver, "loads_of_hosts", many)
    monkeypatch.setattr(SimulatorDriver, "host_load", one)
    assert heartbeat.measure_hosts() == 5


def test_figures_of_machines_move_and_not_always_alike(cloud: SimulatedCloud) -> None:
    def used(minutes: int) -> float:
        world.machines().update(since=timezone.now() - timedelta(minutes=minutes))
        MachineUsage.objects.update(taken=timezone.now() - timedelta(minutes=5))
        collect_statistics()
        return MachineUsage.objects.order_by("vm").values_list("cpu_percent", flat=True)[0]

    used(5)
    shares = {round(used(minutes), 1) for minutes in range(10, 40, 5)}
    assert len(shares) > 3 and all(0 < share < 60 for share in shares)
