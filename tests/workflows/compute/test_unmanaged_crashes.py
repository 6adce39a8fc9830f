"""A worker that dies while a machine is taken over, or given back, leaves it with one of both and never between."""

from typing import Any

import pytest

from apps.compute.factories import service_offering
from apps.compute.models import VirtualMachine
from apps.compute.scheduled import look_for_unmanaged
from apps.network.models import NetworkHost
from apps.storage.models import StoragePool
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.models import SimulatedVm, SimulatedVolume
from tests.support.cloud import SimulatedCloud, check_invariants
from tests.support.crashes import crash_everywhere

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.mark.parametrize("outcome", ["good", "bad"])
@pytest.mark.parametrize("power", ["on", "off"])
def test_taking_over(cloud: SimulatedCloud, power: str, outcome: str) -> None:
    cloud.deploy(hostid=cloud.hosts[0].uuid, api=cloud.admin)
    run_jobs()
    host = cloud.hosts[0]
    bridge = NetworkHost.objects.get(network=cloud.network, host=host).bridge
    pool = StoragePool.objects.filter(pool_hosts__host=host, host=None).first()
    offering = service_offering("found", is_customized=True, cpus=None, memory_mib=None, cpu_mhz=100)
    if outcome == "bad":
        # Its network is another one than that it is plugged into; one that is off fails at the hypervisor.
        bridge = "br-else"
        world.inject("import_machine", "fault:no", count=None)

    def operation() -> dict[str, Any]:
        forget_others()
        sim = world.somebody_makes(
            "old", host_uuid=host.uuid, pool_uuid=pool.uuid, pool_path=pool.path, bridge=bridge, power=power
        )
        look_for_unmanaged()
        [card] = sim.nics.values()
        answer = cloud.admin.call(
            "importUnmanagedInstance", clusterid=host.cluster.uuid, name="old", serviceofferingid=offering.uuid,
            nicnetworklist=[{"nic": card["mac"], "network": cloud.network.uuid}],
        )  # fmt: skip
        return {**answer, "id": str(sim.vm_uuid)}

    def check(answer: dict[str, Any], point: str) -> None:
        job = AsyncJob.objects.get(uuid=answer["jobid"])
        vm = VirtualMachine.objects.filter(uuid=answer["id"]).first()
        if outcome == "bad":
            assert (job.status, vm) == (AsyncJob.Status.FAILED, None), point
            assert SimulatedVm.objects.get(vm_uuid=answer["id"]).managed is False, point
        else:
            assert job.status == AsyncJob.Status.SUCCEEDED, f"{point}: {job.error_text}"
            assert vm.state == ("Running" if power == "on" else "Stopped"), point
        _adds_up(point)
        if vm is not None:
            cloud.admin.call("destroyVirtualMachine", id=vm.uuid, expunge=True)
            run_jobs()

    points = crash_everywhere(operation, check, every=3)
    assert any("unmanaged_machines" in point for point in points)


def test_giving_back(cloud: SimulatedCloud) -> None:
    def operation() -> dict[str, Any]:
        forget_others()
        machine = cloud.deploy()
        run_jobs()
        return {**cloud.admin.call("unmanageVirtualMachine", id=machine["id"]), "id": machine["id"]}

    def check(answer: dict[str, Any], point: str) -> None:
        job = AsyncJob.objects.get(uuid=answer["jobid"])
        assert job.status == AsyncJob.Status.SUCCEEDED, f"{point}: {job.error_text}"
        sim = SimulatedVm.objects.get(vm_uuid=answer["id"])
        assert (sim.managed, sim.power) == (False, "on"), point
        assert not VirtualMachine.objects.filter(uuid=answer["id"]).exists(), point
        _adds_up(point)

    assert any("release_machine" in point for point in crash_everywhere(operation, check, every=3))


def forget_others() -> None:
    """Machines of others go, with their disks."""
    for vm in SimulatedVm.objects.filter(managed=False):
        SimulatedVolume.objects.filter(path__in=[disk["path"] for disk in vm.disks.values()]).delete()
        vm.delete()


def _adds_up(point: str) -> None:
    try:
        check_invariants()
    except AssertionError as error:
        raise AssertionError(f"{point}: {error}") from error
