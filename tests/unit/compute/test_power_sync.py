"""Reports of hosts against the record: what becomes a job, what the job finds when it looks again."""

import pytest

from apps.compute.models import VirtualMachine
from apps.compute.services.power_sync import PowerSyncManager
from apps.compute.states import VmState
from apps.compute.workflows import settle_power
from apps.infrastructure.models import CapacityReservation
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.support.cloud import SimulatedCloud, check_invariants

ON, OFF, ABSENT = PowerState.ON, PowerState.OFF, PowerState.ABSENT


def report(vm: VirtualMachine, power: PowerState, host: object = None) -> AsyncJob | None:
    return PowerSyncManager().report(
        host_uuid=str(getattr(host or vm.host, "uuid", "")), vm_uuid=str(vm.uuid), power=power
    )


@pytest.mark.parametrize("power", [OFF, ABSENT])
def test_a_guest_that_went_off_is_stopped_and_forgotten_by_its_host(vm: VirtualMachine, power: PowerState) -> None:
    assert world.guest_powers_off(vm.uuid) if power == OFF else world.guest_vanishes(vm.uuid)
    home = vm.host
    assert report(vm, power)
    run_jobs()
    vm.refresh_from_db()
    assert (vm.state, vm.host, vm.last_host) == (VmState.STOPPED, None, home)
    assert not world.machines(vm.uuid).exists()
    check_invariants()


def test_an_old_report_changes_nothing(vm: VirtualMachine) -> None:
    """It said off, but the guest runs again by the time the job asks."""
    assert report(vm, OFF)
    run_jobs()
    vm.refresh_from_db()
    assert vm.state == VmState.RUNNING
    check_invariants()


@pytest.mark.parametrize("power", [ON, PowerState.PAUSED])
def test_what_agrees_with_the_record_is_no_news(vm: VirtualMachine, power: PowerState) -> None:
    assert report(vm, power) is None


def test_a_machine_that_a_job_works_on_is_left_to_it(vm: VirtualMachine) -> None:
    dispatch("compute.vm.reboot", exclusive=[f"vm:{vm.uuid}"], resource=vm, arguments={"vm_uuid": str(vm.uuid)})
    assert world.guest_powers_off(vm.uuid)
    assert report(vm, OFF) is None


def test_strangers_and_unknown_hosts_are_ignored(cloud: SimulatedCloud, vm: VirtualMachine) -> None:
    manager = PowerSyncManager()
    nobody = "00000000-0000-4000-8000-000000000000"
    assert manager.report(host_uuid=str(vm.host.uuid), vm_uuid=nobody, power=ON) is None
    assert manager.report(host_uuid=nobody, vm_uuid=str(vm.uuid), power=OFF) is None
    assert manager.report_host(host=vm.host, states={nobody: ON, str(vm.uuid): ON}) == []
    # Another host that does not know it says nothing about it.
    other = next(host for host in cloud.hosts if host.pk != vm.host_id)
    assert report(vm, ABSENT, other) is None and manager.report_host(host=other, states={}) == []


def test_a_machine_missing_in_a_hosts_list_is_settled(vm: VirtualMachine) -> None:
    assert world.guest_vanishes(vm.uuid)
    [job] = PowerSyncManager().report_host(host=vm.host, states={})
    assert job.name == "compute.vm.settle_power"
    run_jobs()
    vm.refresh_from_db()
    assert vm.state == VmState.STOPPED
    check_invariants()


def test_a_stopped_machine_that_runs_is_adopted(cloud: SimulatedCloud, vm: VirtualMachine) -> None:
    """Somebody started it beside the portal, or a crash came at the worst moment: it runs, so the record says so."""
    home = vm.host
    row = world.machines(vm.uuid).get()
    cloud.api.call("stopVirtualMachine", id=vm.uuid, forced=True)
    run_jobs()
    row.pk = None
    row.save(force_insert=True)
    vm.refresh_from_db()
    assert report(vm, ON, home)
    run_jobs()
    vm.refresh_from_db()
    assert (vm.state, vm.host) == (VmState.RUNNING, home)
    check_invariants()


class Host:
    """A hypervisor on which the machine runs, whatever others say; the simulator knows a machine only once."""

    def __init__(self) -> None:
        self.destroyed: list[str] = []

    def power_state(self, uuid: str) -> PowerState:
        return ABSENT if uuid in self.destroyed else ON

    def destroy(self, uuid: str) -> None:
        self.destroyed.append(uuid)


def test_the_second_of_two_running_copies_is_cut_off(
    cloud: SimulatedCloud, vm: VirtualMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = vm.host
    other = next(host for host in cloud.hosts if host.pk != vm.host_id)
    drivers = {host.pk: Host() for host in (home, other)}
    monkeypatch.setattr(settle_power, "driver_of", lambda host: drivers[host.pk])
    assert report(vm, ON, other)
    run_jobs()
    vm.refresh_from_db()
    assert (vm.state, vm.host) == (VmState.RUNNING, home)
    assert drivers[other.pk].destroyed == [str(vm.uuid)] and drivers[home.pk].destroyed == []


@pytest.mark.parametrize("told_by", ["new host", "old host"])
def test_the_record_follows_a_machine_that_its_manager_has_moved(
    cloud: SimulatedCloud, vm: VirtualMachine, told_by: str
) -> None:
    """Whoever tells of it first: the machine is never taken for stopped, and what it was promised moves along."""
    home = vm.host
    target = next(host for host in cloud.hosts if host.cluster_id == home.cluster_id and host.pk != home.pk)
    type(home.cluster).objects.filter(pk=home.cluster_id).update(cluster_type="ExternalManaged")
    world.machines(vm.uuid).update(host_uuid=target.uuid)
    assert report(vm, ON, target) if told_by == "new host" else report(vm, ABSENT, home)
    assert report(vm, ABSENT, home) is None, "one job settles it"
    run_jobs()
    vm.refresh_from_db()
    assert (vm.state, vm.host, vm.last_host) == (VmState.RUNNING, target, home)
    assert [str(promise.host.uuid) for promise in CapacityReservation.objects.filter(holder_uuid=vm.uuid)] == [
        str(target.uuid)
    ]
    assert report(vm, ABSENT, home) is None and report(vm, ON, target) is None
    check_invariants()


def test_a_silent_host_of_the_cluster_hides_no_machine_and_has_none_taken_for_stopped(vm: VirtualMachine) -> None:
    """The others are asked all the same; while none has it and one did not say, it may run there."""
    home = vm.host
    hosts = type(home).objects
    type(home.cluster).objects.filter(pk=home.cluster_id).update(cluster_type="ExternalManaged")
    hosts.exclude(pk=home.pk).update(cluster=home.cluster, pod=home.pod)
    silent, target = hosts.exclude(pk=home.pk).order_by("pk")[:2]
    world.inject("power_state", "fault:busy", count=None, host_uuid=silent.uuid)
    world.machines(vm.uuid).update(host_uuid=silent.uuid)
    job = report(vm, ABSENT, home)
    run_jobs()
    job.refresh_from_db()
    vm.refresh_from_db()
    assert (job.status, vm.state, vm.host) == (AsyncJob.Status.SUCCEEDED, VmState.RUNNING, home)
    world.machines(vm.uuid).update(host_uuid=target.uuid)
    assert report(vm, ABSENT, home), "the next sweep looks again"
    run_jobs()
    vm.refresh_from_db()
    assert (vm.state, vm.host) == (VmState.RUNNING, target)
    check_invariants()
    world.guest_vanishes(vm.uuid)
    hosts.filter(pk=silent.pk).update(status="Alert")
    assert report(vm, ABSENT, target)
    run_jobs()
    vm.refresh_from_db()
    assert vm.state == VmState.STOPPED
