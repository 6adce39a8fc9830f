"""Primary storage out of service and back: its machines stop and start again, and nothing opens it meanwhile."""

from typing import Any

import pytest

from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.storage.models import PoolHost, StoppedForPool, StoragePool, Volume
from apps.storage.scheduled import connect_pools
from apps.storage.states import PoolState
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.models import Fault
from tests.support.cloud import SimulatedCloud, build_cloud, check_invariants
from tests.support.crashes import crash_everywhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def cloud() -> SimulatedCloud:
    return build_cloud(hosts=2, clusters=1)


def machine(cloud: SimulatedCloud, **more: Any) -> VirtualMachine:
    answer = cloud.deploy(**more)
    run_jobs()
    return VirtualMachine.objects.get(uuid=answer["id"])


def pool_of(vm: VirtualMachine) -> StoragePool:
    return StoragePool.objects.get(volumes__attachment__vm=vm)


def outcome(cloud: SimulatedCloud, answer: dict[str, Any]) -> dict[str, Any]:
    run_jobs()
    result: dict[str, Any] = cloud.admin.call("queryAsyncJobResult", jobid=answer["jobid"])
    return result


def maintained(cloud: SimulatedCloud, pool: StoragePool) -> dict[str, Any]:
    return outcome(cloud, cloud.admin.call("enableStorageMaintenance", id=pool.uuid))


def cancelled(cloud: SimulatedCloud, pool: StoragePool) -> dict[str, Any]:
    return outcome(cloud, cloud.admin.call("cancelStorageMaintenance", id=pool.uuid))


def states() -> set[str]:
    return set(VirtualMachine.objects.values_list("state", flat=True))


def test_machines_stop_hosts_let_go_and_all_comes_back(cloud: SimulatedCloud) -> None:
    vm, _ = machine(cloud), machine(cloud)
    pool = pool_of(vm)
    seen_by = PoolHost.objects.filter(pool=pool).count()
    done = maintained(cloud, pool)
    assert done["jobresult"]["storagepool"]["state"] == "Maintenance"
    assert states() == {VmState.STOPPED} and not world.machines().exists()
    assert not PoolHost.objects.filter(pool=pool).exists()
    connect_pools()
    run_jobs()
    assert not PoolHost.objects.filter(pool=pool).exists(), "the sweep connects a pool in maintenance"
    check_invariants()
    done = cancelled(cloud, pool)
    assert done["jobresult"]["storagepool"]["state"] == "Up"
    assert states() == {VmState.RUNNING}
    assert PoolHost.objects.filter(pool=pool).count() == seen_by
    assert not StoppedForPool.objects.exists()
    check_invariants()


def test_a_machine_that_was_stopped_before_stays_stopped(cloud: SimulatedCloud) -> None:
    vm = machine(cloud)
    outcome(cloud, cloud.api.call("stopVirtualMachine", id=vm.uuid))
    pool = pool_of(vm)
    maintained(cloud, pool)
    cancelled(cloud, pool)
    assert states() == {VmState.STOPPED}


def test_nothing_starts_and_nothing_new_comes_meanwhile(cloud: SimulatedCloud) -> None:
    vm = machine(cloud)
    pool = pool_of(vm)
    maintained(cloud, pool)
    started = outcome(cloud, cloud.api.call("startVirtualMachine", id=vm.uuid))
    assert started["jobstatus"] == 2 and "in maintenance" in started["jobresult"]["errortext"]
    assert pool.name not in started["jobresult"]["errortext"]
    StoragePool.objects.exclude(pk=pool.pk).update(state=PoolState.DISABLED)
    deployed = outcome(cloud, cloud.deploy())
    assert deployed["jobstatus"] == 2
    pool.refresh_from_db()
    assert pool.state == PoolState.MAINTENANCE and not world.machines().exists()


def test_a_data_disk_on_it_stops_its_machine_too(cloud: SimulatedCloud) -> None:
    vm = machine(cloud, diskofferingid=cloud.disk_offering.uuid)
    data = Volume.objects.get(attachment__vm=vm, attachment__device_id=1)
    pool = data.pool
    assert pool is not None
    maintained(cloud, pool)
    assert states() == {VmState.STOPPED}
    assert cancelled(cloud, pool)["jobstatus"] == 1
    assert states() == {VmState.RUNNING}


def test_a_machine_that_does_not_stop_is_named_and_the_operator_decides(cloud: SimulatedCloud) -> None:
    vm = machine(cloud)
    pool = pool_of(vm)
    world.inject("stop", "fault:the guest holds on")
    done = maintained(cloud, pool)
    assert done["jobstatus"] == 2
    assert vm.name in done["jobresult"]["errortext"] and "the guest holds on" in done["jobresult"]["errortext"]
    pool.refresh_from_db()
    assert pool.state == PoolState.ERROR_IN_MAINTENANCE and "holds on" in pool.error
    assert states() == {VmState.RUNNING}
    assert maintained(cloud, pool)["jobstatus"] == 1
    assert states() == {VmState.STOPPED}
    cancelled(cloud, pool)
    assert states() == {VmState.RUNNING}
    check_invariants()


def test_storage_that_is_not_there_yet_stays_in_error_and_can_be_tried_again(cloud: SimulatedCloud) -> None:
    pool = pool_of(machine(cloud))
    maintained(cloud, pool)
    world.inject("connect", "fault:stale handle", count=None)
    done = cancelled(cloud, pool)
    assert done["jobstatus"] == 2 and "stale handle" in done["jobresult"]["errortext"]
    pool.refresh_from_db()
    assert pool.state == PoolState.ERROR_IN_MAINTENANCE and states() == {VmState.STOPPED}
    Fault.objects.all().delete()
    assert cancelled(cloud, pool)["jobstatus"] == 1
    assert states() == {VmState.RUNNING}


def test_a_machine_that_cannot_start_again_does_not_keep_the_pool_closed(cloud: SimulatedCloud) -> None:
    vm = machine(cloud)
    pool = pool_of(vm)
    maintained(cloud, pool)
    world.inject("start", "fault:no", count=None)
    assert cancelled(cloud, pool)["jobstatus"] == 1
    pool.refresh_from_db()
    assert pool.state == PoolState.UP and states() == {VmState.STOPPED}
    log = AsyncJob.objects.get(name="storage.pool.cancel_maintenance").log_lines.values_list("text", flat=True)
    assert any(line.startswith(f"not started again: {vm.name}") for line in log)
    check_invariants()


@pytest.mark.parametrize(
    ("command", "state"),
    [
        ("cancelStorageMaintenance", PoolState.UP),
        ("enableStorageMaintenance", PoolState.MAINTENANCE),
        ("syncStoragePool", PoolState.MAINTENANCE),
        ("enableStorageMaintenance", PoolState.REMOVING),
    ],
)
def test_what_the_state_does_not_allow_is_refused(cloud: SimulatedCloud, command: str, state: str) -> None:
    pool = StoragePool.objects.first()
    assert pool is not None
    StoragePool.objects.filter(pk=pool.pk).update(state=state)
    jobs = AsyncJob.objects.count()
    with pytest.raises(ApiError) as refused:
        cloud.admin.call(command, id=pool.uuid)
    assert refused.value.code == 431 and str(state) in refused.value.text
    assert AsyncJob.objects.count() == jobs
    with pytest.raises(ApiError) as refused:
        cloud.api.call(command, id=pool.uuid)
    assert refused.value.code == 432


def test_an_empty_pool_is_removed_from_maintenance_with_its_images(cloud: SimulatedCloud) -> None:
    vm = machine(cloud)
    pool = pool_of(vm)
    outcome(cloud, cloud.admin.call("destroyVirtualMachine", id=vm.uuid, expunge=True))
    maintained(cloud, pool)
    assert world.volumes(templates=True).exists()
    cloud.admin.call("deleteStoragePool", id=pool.uuid)
    run_jobs()
    assert not StoragePool.objects.filter(pk=pool.pk).exists()
    assert not world.volumes(templates=True).exists()


def test_asking_a_pool_connects_it_where_it_is_missing(cloud: SimulatedCloud) -> None:
    pool = StoragePool.objects.filter(cluster=cloud.hosts[0].cluster).first() or StoragePool.objects.get()
    PoolHost.objects.filter(pool=pool, host=cloud.hosts[0]).delete()
    StoragePool.objects.filter(pk=pool.pk).update(used_bytes=1)
    done = outcome(cloud, cloud.admin.call("syncStoragePool", id=pool.uuid))
    assert done["jobresult"]["storagepool"]["disksizeused"] != 1
    assert PoolHost.objects.filter(pool=pool, host=cloud.hosts[0]).exists()


@pytest.mark.slow
def test_maintenance_survives_a_crash_anywhere(cloud: SimulatedCloud) -> None:
    pool = pool_of(machine(cloud))

    def operation() -> AsyncJob:
        answer = cloud.admin.call("enableStorageMaintenance", id=pool.uuid)
        return AsyncJob.objects.get(uuid=answer["jobid"])

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == AsyncJob.Status.SUCCEEDED, point
        assert states() == {VmState.STOPPED}, point
        check_invariants()
        assert cancelled(cloud, pool)["jobstatus"] == 1, point
        assert states() == {VmState.RUNNING}, point

    crash_everywhere(operation, check, every=4)


@pytest.mark.slow
def test_coming_back_survives_a_crash_anywhere(cloud: SimulatedCloud) -> None:
    pool = pool_of(machine(cloud))

    def operation() -> AsyncJob:
        maintained(cloud, pool)
        answer = cloud.admin.call("cancelStorageMaintenance", id=pool.uuid)
        return AsyncJob.objects.get(uuid=answer["jobid"])

    def check(job: AsyncJob, point: str) -> None:
        job.refresh_from_db()
        assert job.status == AsyncJob.Status.SUCCEEDED, point
        assert states() == {VmState.RUNNING}, point
        check_invariants()

    crash_everywhere(operation, check, every=4)
