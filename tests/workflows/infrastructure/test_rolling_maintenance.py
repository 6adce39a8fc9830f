"""Hosts maintained one after the other, with machines on them that must not stop."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Host
from apps.infrastructure.states import ResourceState
from cloudstack.contracts.host import HostRef
from cloudstack.framework import drivers
from cloudstack.framework.jobs import AsyncJob
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.markers import hookimpl
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.driver import SimulatorDriver
from plugins.hypervisors.simulator.models import Fault
from tests.support.cloud import SimulatedCloud, build_cloud, check_invariants
from tests.support.crashes import crash_everywhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def cloud() -> SimulatedCloud:
    built = build_cloud(hosts=2, clusters=1)
    for host in built.hosts:
        built.deploy(built.admin, hostid=host.uuid)
    run_jobs()
    return built


class Updates:
    """A plugin that works on hosts."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, int]] = []
        self.fails_on = ""

    @hookimpl
    def host_emptied(self, host: HostRef, payload: str) -> str:
        row = Host.objects.get(uuid=host.uuid)
        machines = VirtualMachine.objects.filter(host=row).count()
        self.seen.append((host.name, payload, row.resource_state, machines))
        if host.name == self.fails_on:
            raise RuntimeError("the disk is full")
        return f"updated {host.name}"


@pytest.fixture
def updates() -> Iterator[Updates]:
    plugin = Updates()
    pm.register(plugin, name="updates")
    yield plugin
    pm.unregister(plugin)


def rolled(cloud: SimulatedCloud, **more: Any) -> dict[str, Any]:
    values = {"clusterids": cloud.hosts[0].cluster.uuid, **more}
    answer = cloud.admin.call("startRollingMaintenance", **values)
    run_jobs()
    job: dict[str, Any] = cloud.admin.call("queryAsyncJobResult", jobid=answer["jobid"])
    return job


def in_service() -> bool:
    return set(Host.objects.values_list("resource_state", flat=True)) == {ResourceState.ENABLED}


def test_each_host_is_empty_while_it_is_worked_on_and_back_afterwards(cloud: SimulatedCloud, updates: Updates) -> None:
    done = rolled(cloud, payload="kernel 7")["jobresult"]["rollingmaintenance"]
    names = [host.name for host in cloud.hosts]
    assert updates.seen == [(name, "kernel 7", ResourceState.MAINTENANCE, 0) for name in names]
    assert (done["success"], done["hostsskipped"]) == (True, [])
    assert [(row["hostname"], row["output"]) for row in done["hostsupdated"]] == [(n, f"updated {n}") for n in names]
    assert in_service() and set(VirtualMachine.objects.values_list("state", flat=True)) == {VmState.RUNNING}
    check_invariants()


def test_what_cannot_be_emptied_is_said_before_anything_moves(cloud: SimulatedCloud, updates: Updates) -> None:
    Host.objects.filter(pk=cloud.hosts[1].pk).update(resource_state=ResourceState.DISABLED)
    job = rolled(cloud)
    assert job["jobstatus"] == 2
    text = job["jobresult"]["errortext"]
    assert f"host {cloud.hosts[1].name}: it is Disabled" in text and "MiB free elsewhere" in text
    assert updates.seen == [] and not AsyncJob.objects.filter(name="infrastructure.host.maintain").exists()


def test_the_first_failure_ends_it_and_the_host_comes_back(cloud: SimulatedCloud, updates: Updates) -> None:
    updates.fails_on = cloud.hosts[0].name
    job = rolled(cloud)
    assert job["jobstatus"] == 2 and "the disk is full" in job["jobresult"]["errortext"]
    assert [name for name, *_ in updates.seen] == [cloud.hosts[0].name]
    assert in_service()
    check_invariants()


@pytest.mark.parametrize("has_its_own", [False, True], ids=["plain", "hypervisor-with-maintenance"])
def test_forced_goes_on_with_the_next_host(
    cloud: SimulatedCloud, updates: Updates, has_its_own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Keeping(SimulatorDriver):
        def enter_maintenance(self, *, timeout_s: float = 600) -> None: ...

        def exit_maintenance(self, *, timeout_s: float = 600) -> None: ...

    if has_its_own:
        monkeypatch.setitem(drivers._registered("register_hypervisor_drivers"), "Simulator", Keeping)
    updates.fails_on = cloud.hosts[0].name
    done = rolled(cloud, forced=True)["jobresult"]["rollingmaintenance"]
    assert done["success"] is False
    assert [row["hostname"] for row in done["hostsupdated"]] == [cloud.hosts[1].name]
    [skipped] = done["hostsskipped"]
    assert skipped["hostname"] == cloud.hosts[0].name and "the disk is full" in skipped["reason"]
    assert in_service()


def test_a_machine_that_cannot_leave_keeps_its_host_in_service(cloud: SimulatedCloud) -> None:
    world.inject("migrate", "fault:no way", count=None)
    done = rolled(cloud, forced=True)["jobresult"]["rollingmaintenance"]
    assert done["hostsupdated"] == [] and len(done["hostsskipped"]) == 2
    assert all("could not be emptied" in row["reason"] for row in done["hostsskipped"]), done["hostsskipped"]
    Fault.objects.all().delete()
    run_jobs()
    assert in_service()
    check_invariants()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"clusterids": None}, "hostids"),
        ({"hostids": "one"}, "give one of"),
        ({"clusterids": "00000000-0000-4000-8000-000000000000"}, "clusterids"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_bad_values_are_refused(cloud: SimulatedCloud, change: dict[str, Any], word: str) -> None:
    jobs = AsyncJob.objects.count()
    values = {"clusterids": cloud.hosts[0].cluster.uuid, **change}
    if values.get("hostids"):
        values["hostids"] = cloud.hosts[0].uuid
    with pytest.raises(ApiError) as refused:
        cloud.admin.call("startRollingMaintenance", **values)
    assert refused.value.code == 431 and word in refused.value.text
    with pytest.raises(ApiError) as refused:
        cloud.api.call("startRollingMaintenance", **values)
    assert refused.value.code == 432 and AsyncJob.objects.count() == jobs


@pytest.mark.slow
def test_rolling_survives_a_crash_anywhere(cloud: SimulatedCloud, updates: Updates) -> None:
    def operation() -> AsyncJob:
        answer = cloud.admin.call("startRollingMaintenance", clusterids=cloud.hosts[0].cluster.uuid)
        return AsyncJob.objects.get(uuid=answer["jobid"])

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == AsyncJob.Status.SUCCEEDED, point
        assert len(job.result["hostsupdated"]) == 2, point
        assert in_service(), point
        check_invariants()

    crash_everywhere(operation, check, every=40, most=1500)
