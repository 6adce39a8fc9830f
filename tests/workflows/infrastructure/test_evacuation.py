"""Maintenance with machines on the host: they leave alive, or the host says why it cannot be emptied."""

import pytest

from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Host
from apps.infrastructure.states import ResourceState
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs, worker_died
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.faults import CRASH_VARIABLE, SimulatedCrash
from tests.support.cloud import SimulatedCloud, build_cloud, check_invariants

pytestmark = pytest.mark.django_db


@pytest.fixture
def cloud() -> SimulatedCloud:
    return build_cloud(hosts=2, clusters=1)


def machines_together(cloud: SimulatedCloud, count: int) -> Host:
    """Machines on one host; answers it."""
    host = cloud.hosts[0]
    for _ in range(count):
        cloud.deploy(cloud.admin, hostid=host.uuid)
    run_jobs()
    assert set(VirtualMachine.objects.values_list("host_id", "state")) == {(host.pk, VmState.RUNNING)}
    return host


def outcome(cloud: SimulatedCloud, answer: dict) -> dict:
    return cloud.admin.call("queryAsyncJobResult", jobid=answer["jobid"])


def test_machines_leave_alive_and_come_no_more(cloud: SimulatedCloud) -> None:
    host = machines_together(cloud, 2)
    answer = cloud.admin.call("prepareHostForMaintenance", id=host.uuid)
    run_jobs()
    assert outcome(cloud, answer)["jobresult"]["host"]["resourcestate"] == "Maintenance"
    other = cloud.hosts[1]
    assert set(VirtualMachine.objects.values_list("host_id", "state")) == {(other.pk, VmState.RUNNING)}
    assert {str(vm.host_uuid) for vm in world.machines()} == {str(other.uuid)}
    check_invariants()
    cloud.deploy()
    run_jobs()
    assert set(VirtualMachine.objects.values_list("host_id", flat=True)) == {other.pk}
    check_invariants()


def test_host_that_cannot_be_emptied_says_why_and_can_be_taken_back(cloud: SimulatedCloud) -> None:
    host = machines_together(cloud, 2)
    cloud.admin.call("updateHost", id=cloud.hosts[1].uuid, allocationstate="Disable")
    answer = cloud.admin.call("prepareHostForMaintenance", id=host.uuid)
    run_jobs()
    result = outcome(cloud, answer)
    assert result["jobstatus"] == 2
    assert "disabled" in result["jobresult"]["errortext"]
    host.refresh_from_db()
    assert host.resource_state == ResourceState.ERROR_IN_PREPARE_FOR_MAINTENANCE
    assert set(VirtualMachine.objects.values_list("host_id", "state")) == {(host.pk, VmState.RUNNING)}
    cloud.admin.call("cancelHostMaintenance", id=host.uuid)
    run_jobs()
    host.refresh_from_db()
    assert host.resource_state == ResourceState.ENABLED
    check_invariants()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_worker_that_dies_while_machines_move(
    cloud: SimulatedCloud, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CRASH_VARIABLE, "raise")
    host = machines_together(cloud, 1)
    cloud.admin.call("prepareHostForMaintenance", id=host.uuid)
    world.inject("migrate", f"crash:{moment}")
    with pytest.raises(SimulatedCrash):
        run_jobs()
    worker_died()
    run_jobs()
    host.refresh_from_db()
    assert host.resource_state == ResourceState.MAINTENANCE
    assert set(AsyncJob.objects.values_list("status", flat=True)) == {AsyncJob.Status.SUCCEEDED}
    check_invariants()
