"""A worker that dies anywhere leaves nothing behind that the next one does not put right."""

from typing import Any

import pytest

from apps.compute.models import ServiceOffering, VirtualMachine
from apps.compute.states import VmState
from apps.storage.models import Iso, Volume
from apps.storage.states import VolumeState
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_job, run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.models import Fault
from tests.support.cloud import SimulatedCloud, check_invariants
from tests.support.crashes import crash_everywhere

pytestmark = pytest.mark.slow


def expect(answer: dict[str, Any], point: str, status: str = AsyncJob.Status.SUCCEEDED) -> AsyncJob:
    """The job ended as it should, and everything adds up."""
    job = AsyncJob.objects.get(uuid=answer["jobid"])
    assert job.status == status, f"{point}: {job.status} {job.error_text}"
    try:
        check_invariants()
    except AssertionError as error:
        raise AssertionError(f"{point}: {error}") from error
    return job


def running_machine(cloud: SimulatedCloud) -> str:
    answer = cloud.deploy()
    assert run_job(AsyncJob.objects.get(uuid=answer["jobid"])).status == AsyncJob.Status.SUCCEEDED
    return answer["id"]


def state_of(machine: str) -> str:
    return VirtualMachine.all_objects.get(uuid=machine).state


def test_deploy(cloud: SimulatedCloud) -> None:
    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point)
        assert state_of(answer["id"]) == VmState.RUNNING
        cloud.admin.call("destroyVirtualMachine", id=answer["id"], expunge=True)
        run_jobs()
        check_invariants()

    points = crash_everywhere(cloud.deploy, check)
    assert len(points) > 30
    assert any("driver call start" in point for point in points)


def test_deploy_that_fails(cloud: SimulatedCloud) -> None:
    """The guest cannot be started: everything is undone, wherever the worker dies on the way back."""
    world.inject("start", "fault:no such machine type", count=None)

    def check(answer: dict[str, Any], point: str) -> None:
        job = expect(answer, point, AsyncJob.Status.FAILED)
        assert "no such machine type" in job.error_text
        assert state_of(answer["id"]) == VmState.ERROR
        assert not Volume.objects.exists()
        cloud.admin.call("destroyVirtualMachine", id=answer["id"], expunge=True)
        run_jobs()

    points = crash_everywhere(cloud.deploy, check)
    assert "before _turn_back" in points


def test_stop(cloud: SimulatedCloud) -> None:
    machine = running_machine(cloud)

    def operation() -> dict[str, Any]:
        if state_of(machine) == VmState.STOPPED:
            cloud.api.call("startVirtualMachine", id=machine)
            run_jobs()
        return cloud.api.call("stopVirtualMachine", id=machine)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point)
        assert state_of(machine) == VmState.STOPPED

    crash_everywhere(operation, check)


def test_start(cloud: SimulatedCloud) -> None:
    machine = running_machine(cloud)

    def operation() -> dict[str, Any]:
        cloud.api.call("stopVirtualMachine", id=machine, forced=True)
        run_jobs()
        return cloud.api.call("startVirtualMachine", id=machine)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point)
        assert state_of(machine) == VmState.RUNNING

    crash_everywhere(operation, check)


def test_start_that_fails_keeps_the_disk(cloud: SimulatedCloud) -> None:
    """Undoing the start of an old machine must never take its data away."""
    machine = running_machine(cloud)
    cloud.api.call("stopVirtualMachine", id=machine, forced=True)
    run_jobs()
    disks = set(world.volumes().values_list("volume_uuid", flat=True))
    world.inject("start", "fault:out of order", count=None)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point, AsyncJob.Status.FAILED)
        assert state_of(machine) == VmState.STOPPED
        assert set(world.volumes().values_list("volume_uuid", flat=True)) == disks

    crash_everywhere(lambda: cloud.api.call("startVirtualMachine", id=machine), check)


def test_migrate(cloud: SimulatedCloud) -> None:
    machine = running_machine(cloud)

    def operation() -> dict[str, Any]:
        nonlocal before
        before = VirtualMachine.objects.get(uuid=machine).host_id
        return cloud.admin.call("migrateVirtualMachine", virtualmachineid=machine)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point)
        vm = VirtualMachine.objects.get(uuid=machine)
        assert (vm.state, vm.host_id != before) == (VmState.RUNNING, True)

    before: int | None = None
    crash_everywhere(operation, check)


def test_migrate_that_fails(cloud: SimulatedCloud) -> None:
    machine = running_machine(cloud)
    home = VirtualMachine.objects.get(uuid=machine).host_id
    world.inject("migrate", "fault:the guest dirties memory too fast", count=None)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point, AsyncJob.Status.FAILED)
        vm = VirtualMachine.objects.get(uuid=machine)
        assert (vm.state, vm.host_id) == (VmState.RUNNING, home)

    crash_everywhere(lambda: cloud.admin.call("migrateVirtualMachine", virtualmachineid=machine), check)


def test_destroy(cloud: SimulatedCloud) -> None:
    def operation() -> dict[str, Any]:
        return cloud.api.call("destroyVirtualMachine", id=running_machine(cloud))

    def check(answer: dict[str, Any], point: str) -> None:
        job = expect(answer, point)
        assert state_of(str(job.resource_uuid)) == VmState.DESTROYED
        cloud.admin.call("expungeVirtualMachine", id=job.resource_uuid)
        run_jobs()

    crash_everywhere(operation, check)


def test_expunge(cloud: SimulatedCloud) -> None:
    def operation() -> dict[str, Any]:
        return cloud.admin.call("destroyVirtualMachine", id=running_machine(cloud), expunge=True)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point)
        assert not VirtualMachine.objects.exists()
        assert not world.machines().exists()
        assert not world.volumes().exists()

    crash_everywhere(operation, check)


def test_attach_and_detach(cloud: SimulatedCloud) -> None:
    machine = running_machine(cloud)

    def new_volume() -> str:
        answer = cloud.api.call(
            "createVolume", name="data", zoneid=cloud.zone.uuid, diskofferingid=cloud.disk_offering.uuid
        )
        run_jobs()
        return answer["id"]

    def attach() -> dict[str, Any]:
        return cloud.api.call("attachVolume", id=new_volume(), virtualmachineid=machine)

    def attached(answer: dict[str, Any], point: str) -> None:
        job = expect(answer, point)
        volume = Volume.objects.get(uuid=job.resource_uuid)
        assert volume.state == "Ready"
        cloud.api.call("detachVolume", id=volume.uuid)
        run_jobs()
        cloud.api.call("deleteVolume", id=volume.uuid)
        run_jobs()

    def detach() -> dict[str, Any]:
        volume = new_volume()
        cloud.api.call("attachVolume", id=volume, virtualmachineid=machine)
        run_jobs()
        return cloud.api.call("detachVolume", id=volume)

    def detached(answer: dict[str, Any], point: str) -> None:
        job = expect(answer, point)
        volume = Volume.objects.get(uuid=job.resource_uuid)
        assert not hasattr(volume, "attachment")
        cloud.api.call("deleteVolume", id=volume.uuid)
        run_jobs()

    crash_everywhere(attach, attached)
    crash_everywhere(detach, detached)


def test_attach_that_fails(cloud: SimulatedCloud) -> None:
    machine = running_machine(cloud)
    world.inject("attach_disk", "fault:no more slots", count=None)
    volume = cloud.api.call(
        "createVolume", name="data", zoneid=cloud.zone.uuid, diskofferingid=cloud.disk_offering.uuid
    )["id"]
    run_jobs()

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point, AsyncJob.Status.FAILED)
        assert Volume.objects.get(uuid=volume).state == "Allocated"

    crash_everywhere(lambda: cloud.api.call("attachVolume", id=volume, virtualmachineid=machine), check)


@pytest.mark.parametrize("command", ["start", "create_volume", "cache_template"])
def test_a_host_that_does_not_answer_is_tried_again(cloud: SimulatedCloud, command: str) -> None:
    world.inject(command, "unavailable:connection refused", count=2)
    answer = cloud.deploy()
    run_jobs()
    expect(answer, "unavailable twice")
    assert state_of(answer["id"]) == VmState.RUNNING


def test_discs(cloud: SimulatedCloud) -> None:
    machine = running_machine(cloud)
    for name in ("first", "second"):
        url = f"https://images.example.org/{name}.iso"
        cloud.api.call("registerIso", name=name, displaytext=name, url=url, zoneid=cloud.zone.uuid)
    run_jobs()
    first, second = Iso.objects.order_by("name")

    def attach() -> dict[str, Any]:
        cloud.api.call("attachIso", id=first.uuid, virtualmachineid=machine)
        run_jobs()
        return cloud.api.call("attachIso", id=second.uuid, virtualmachineid=machine)

    def in_drive() -> set[str]:
        disks = world.machines(machine).values_list("disks", flat=True).get()
        return {uuid for uuid, facts in disks.items() if facts.get("disc")}

    def attached(answer: dict[str, Any], point: str) -> None:
        expect(answer, point)
        assert in_drive() == {str(second.uuid)}, point
        cloud.api.call("detachIso", virtualmachineid=machine)
        run_jobs()
        assert in_drive() == set()

    def left_alone(answer: dict[str, Any], point: str) -> None:
        expect(answer, point, AsyncJob.Status.FAILED)
        assert in_drive() == {str(first.uuid)}, point

    crash_everywhere(attach, attached)
    cloud.api.call("attachIso", id=first.uuid, virtualmachineid=machine)
    run_jobs()
    world.inject("eject_disc", "fault:locked", count=None)
    crash_everywhere(lambda: cloud.api.call("detachIso", virtualmachineid=machine), left_alone)


@pytest.mark.parametrize("expunge", [True, False])
def test_restore_of_a_running_machine(cloud: SimulatedCloud, expunge: bool) -> None:
    """Whatever dies when: one root disk, the new one, and the machine runs on it."""
    machine = running_machine(cloud)

    def root() -> Volume:
        return Volume.objects.get(attachment__vm__uuid=machine, attachment__device_id=0)

    def operation() -> dict[str, Any]:
        nonlocal before
        before = root().pk
        return cloud.api.call("restoreVirtualMachine", virtualmachineid=machine, expunge=expunge)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point)
        assert state_of(machine) == VmState.RUNNING
        assert root().pk != before, point
        old = Volume.all_objects.get(pk=before)
        assert old.state == (VolumeState.EXPUNGED if expunge else VolumeState.DESTROY), point

    before = 0
    points = crash_everywhere(operation, check)
    assert any("driver call create_volume" in point for point in points)


def test_restore_whose_start_fails(cloud: SimulatedCloud) -> None:
    """The machine is stopped then, with the new disk; the next start makes what is missing."""
    machine = running_machine(cloud)

    def operation() -> dict[str, Any]:
        if state_of(machine) == VmState.STOPPED:
            cloud.api.call("startVirtualMachine", id=machine)
            run_jobs()
        world.inject("start", "fault:out of order", count=None)
        return cloud.api.call("restoreVirtualMachine", virtualmachineid=machine, expunge=True)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point, AsyncJob.Status.FAILED)
        assert state_of(machine) == VmState.STOPPED, point
        Fault.objects.all().delete()

    crash_everywhere(operation, check)


def test_destroy_with_a_data_disk(cloud: SimulatedCloud) -> None:
    def operation() -> dict[str, Any]:
        answer = cloud.deploy(diskofferingid=cloud.disk_offering.uuid)
        run_jobs()
        disk = Volume.objects.get(attachment__vm__uuid=answer["id"], attachment__device_id=1)
        return cloud.admin.call("destroyVirtualMachine", id=answer["id"], expunge=True, volumeids=disk.uuid)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point)
        assert not Volume.objects.exists(), point

    crash_everywhere(operation, check)


def test_start_with_a_volatile_root_disk(cloud: SimulatedCloud) -> None:
    ServiceOffering.objects.update(is_volatile=True)
    machine = running_machine(cloud)

    def operation() -> dict[str, Any]:
        cloud.api.call("stopVirtualMachine", id=machine, forced=True)
        run_jobs()
        return cloud.api.call("startVirtualMachine", id=machine)

    def check(answer: dict[str, Any], point: str) -> None:
        expect(answer, point)
        assert state_of(machine) == VmState.RUNNING
        assert Volume.objects.count() == 1, point

    crash_everywhere(operation, check)
