"""What was asked for while another job had the machine in hand finds another machine when its turn comes."""

import pytest

from apps.compute.models import Nic, VirtualMachine, VolumeAttachment
from apps.compute.services.power_sync import PowerSyncManager
from apps.compute.states import VmState
from apps.compute.workflows.migrate_vm import Migrate
from apps.compute.workflows.steps.state import BeginStopIfRunning
from apps.network.services.bootstrap import seed_physical_network
from apps.portal.services.simulator_zone import seed_shared_network
from apps.storage.models import DiskOffering, StoragePool
from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.framework.jobs import AsyncJob, JobContext, engine
from cloudstack.framework.jobs.control import JobManager
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.models import Fault, SimulatedVm
from tests.support.cloud import SimulatedCloud, check_invariants


def machine(cloud: SimulatedCloud, **more: object) -> str:
    found = str(cloud.deploy(**more)["id"])
    run_jobs()
    return found


def data_disk(cloud: SimulatedCloud) -> str:
    wanted = {"zoneid": cloud.zone.uuid, "diskofferingid": cloud.disk_offering.uuid}
    answer = cloud.api.call("createVolume", name="data", **wanted)
    run_jobs()
    return str(answer["id"])


def job(answer: dict[str, object]) -> AsyncJob:
    return AsyncJob.objects.get(uuid=answer["jobid"])


def second_network(cloud: SimulatedCloud) -> str:
    seed_physical_network(caller=cloud.root, zone=cloud.zone, link="eth1")
    network = seed_shared_network(
        caller=cloud.root, zone=cloud.zone, name="second", cidr_prefix="10.65", vlan="vxlan://4002"
    )
    return str(network.uuid)


def test_a_disk_is_not_attached_to_a_machine_that_was_expunged_before(cloud: SimulatedCloud) -> None:
    vm, disk = machine(cloud), data_disk(cloud)
    cloud.admin.call("destroyVirtualMachine", id=vm, expunge=True)
    waiting = cloud.api.call("attachVolume", id=disk, virtualmachineid=vm)
    run_jobs()

    assert job(waiting).status == AsyncJob.Status.FAILED
    assert not VolumeAttachment.objects.filter(volume__uuid=disk).exists()
    check_invariants()
    other = machine(cloud)
    cloud.api.call("attachVolume", id=disk, virtualmachineid=other)
    run_jobs()
    assert VolumeAttachment.objects.filter(volume__uuid=disk, vm__uuid=other).exists()


def test_a_second_attach_of_the_same_disk_fails_and_leaves_the_first_alone(cloud: SimulatedCloud) -> None:
    vm, disk = machine(cloud), data_disk(cloud)
    first = cloud.api.call("attachVolume", id=disk, virtualmachineid=vm)
    second = cloud.api.call("attachVolume", id=disk, virtualmachineid=vm)
    run_jobs()

    assert job(first).status == AsyncJob.Status.SUCCEEDED
    assert job(second).status == AsyncJob.Status.FAILED
    assert VolumeAttachment.objects.filter(volume__uuid=disk, vm__uuid=vm).exists()
    check_invariants()


def test_a_card_is_not_added_to_a_machine_that_was_expunged_before(cloud: SimulatedCloud) -> None:
    vm, network = machine(cloud), second_network(cloud)
    cloud.admin.call("destroyVirtualMachine", id=vm, expunge=True)
    waiting = cloud.api.call("addNicToVirtualMachine", virtualmachineid=vm, networkid=network)
    run_jobs()

    assert job(waiting).status == AsyncJob.Status.FAILED
    assert not Nic.objects.filter(vm__uuid=vm).exists()
    check_invariants()


def test_a_card_that_comes_while_the_expunging_goes_on_is_taken_back(
    cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm, network = machine(cloud), second_network(cloud)
    answers = []
    begin = BeginStopIfRunning.do

    def late(step: BeginStopIfRunning, ctx: JobContext) -> None:
        """The job has read the machine's cards by now, and the machine still shows as running."""
        answers.append(cloud.api.call("addNicToVirtualMachine", virtualmachineid=vm, networkid=network))
        begin(step, ctx)

    monkeypatch.setattr(BeginStopIfRunning, "do", late)
    cloud.admin.call("destroyVirtualMachine", id=vm, expunge=True)
    run_jobs()

    assert job(answers[0]).status == AsyncJob.Status.FAILED
    assert not Nic.objects.filter(vm__uuid=vm).exists()
    check_invariants()


def test_a_failed_deployment_is_not_recovered(cloud: SimulatedCloud) -> None:
    world.inject("start", "fault:no such machine type", count=None)
    vm = machine(cloud)
    cloud.api.call("destroyVirtualMachine", id=vm)
    run_jobs()
    assert VirtualMachine.objects.get(uuid=vm).state == VmState.DESTROYED

    with pytest.raises(ApiError, match="cannot be recovered"):
        cloud.admin.call("recoverVirtualMachine", id=vm)
    assert VirtualMachine.objects.get(uuid=vm).state == VmState.DESTROYED
    check_invariants()
    cloud.admin.call("expungeVirtualMachine", id=vm)
    run_jobs()
    assert not VirtualMachine.objects.filter(uuid=vm).exists()


def test_a_machine_that_is_half_expunged_is_not_recovered(cloud: SimulatedCloud) -> None:
    vm = machine(cloud)
    cloud.api.call("destroyVirtualMachine", id=vm)
    run_jobs()
    world.inject("delete_volume", "fault:the disk is on fire", count=None)
    cloud.admin.call("expungeVirtualMachine", id=vm)
    run_jobs()
    assert VirtualMachine.objects.get(uuid=vm).state == VmState.DESTROYED

    with pytest.raises(ApiError, match="cannot be recovered"):
        cloud.admin.call("recoverVirtualMachine", id=vm)
    check_invariants()
    Fault.objects.all().delete()
    cloud.admin.call("expungeVirtualMachine", id=vm)
    run_jobs()
    assert not VirtualMachine.objects.filter(uuid=vm).exists()
    check_invariants()


def test_a_growth_that_is_tried_again_counts_once(cloud: SimulatedCloud) -> None:
    vm, disk = machine(cloud), data_disk(cloud)
    cloud.api.call("attachVolume", id=disk, virtualmachineid=vm)
    run_jobs()
    larger = DiskOffering.objects.create(name="larger", size_gib=8)
    room = StoragePool.objects.first().capacity_bytes
    StoragePool.objects.update(capacity_bytes=1)
    answer = cloud.api.call("resizeVolume", id=disk, diskofferingid=larger.uuid)
    run_jobs()
    assert job(answer).status == AsyncJob.Status.FAILED
    check_invariants()

    JobManager().retry(caller=cloud.root, job=job(answer))
    run_jobs()
    assert job(answer).status == AsyncJob.Status.FAILED
    check_invariants()

    StoragePool.objects.update(capacity_bytes=room)
    JobManager().retry(caller=cloud.root, job=job(answer))
    run_jobs()
    assert job(answer).status == AsyncJob.Status.SUCCEEDED
    check_invariants()


def test_a_migration_that_ends_after_it_was_given_up_is_on_record(
    cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    vm = machine(cloud)
    home = str(VirtualMachine.objects.get(uuid=vm).host.uuid)
    move = Migrate.do

    def late(step: Migrate, ctx: JobContext) -> None:
        move(step, ctx)
        raise DriverError("the answer was lost, and so was the question whether it has arrived")

    monkeypatch.setattr(Migrate, "do", late)
    answer = cloud.admin.call("migrateVirtualMachine", virtualmachineid=vm)
    run_jobs()
    assert job(answer).status == AsyncJob.Status.FAILED
    assert world.running_on(vm) == [str(VirtualMachine.objects.get(uuid=vm).host.uuid)] != [home]
    check_invariants()


def test_the_only_copy_of_a_machine_is_never_destroyed(cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paused on the target, gone from the source: whoever gives up now must wait and not clean up."""
    vm = machine(cloud)

    def half_way(step: Migrate, ctx: JobContext) -> None:
        world.machines(vm).filter(power=PowerState.ON).update(power=PowerState.PAUSED, host_uuid=ctx.data["host_uuid"])
        raise DriverError("the source lost its connection")

    monkeypatch.setattr(Migrate, "do", half_way)
    answer = cloud.admin.call("migrateVirtualMachine", virtualmachineid=vm)
    engine.run(job(answer).pk)
    assert job(answer).is_live and "still arriving" in job(answer).progress_text
    assert world.machines(vm).get().power == PowerState.PAUSED

    world.machines(vm).update(power=PowerState.ON)
    run_jobs()
    assert job(answer).status == AsyncJob.Status.FAILED
    check_invariants()


def test_a_guest_of_a_destroyed_machine_is_cut_off(cloud: SimulatedCloud) -> None:
    """It was started behind the portal's back, or its start ended after it had been given up."""
    vm = machine(cloud)
    host = VirtualMachine.objects.get(uuid=vm).host
    stray = SimulatedVm.objects.filter(vm_uuid=vm).values().get()
    cloud.api.call("destroyVirtualMachine", id=vm)
    run_jobs()
    assert not world.running_on(vm)
    SimulatedVm.objects.create(**{**stray, "id": None})
    PowerSyncManager().report_host(host=host, states={vm: PowerState.ON})
    run_jobs()
    assert not world.running_on(vm)
    assert VirtualMachine.objects.get(uuid=vm).state == VmState.DESTROYED
    check_invariants()
