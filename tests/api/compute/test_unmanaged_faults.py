"""Faults around machines that are not the cloud's: each costs what it belongs to and nothing else."""

from collections.abc import Callable, Mapping
from uuid import uuid4

import pytest

from apps.compute.models import UnmanagedVm, VirtualMachine
from apps.compute.scheduled import look_for_unmanaged
from apps.compute.services import unmanaged_scan
from apps.compute.workflows.unmanage_vm import UnmanageVm
from apps.infrastructure.models import Host
from apps.network.models import NetworkHost
from cloudstack.contracts.errors import DriverError, DriverTimeout
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.contracts.unmanaged import UnmanagedMachine
from cloudstack.framework.jobs import JobContext, Step
from cloudstack.testing.jobs import cancel
from plugins.hypervisors.simulator.driver import SimulatorDriver
from plugins.hypervisors.simulator.models import SimulatedVm
from tests.api.compute.conftest import Cloud
from tests.support.cloud import check_invariants

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", range(2))
@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_a_giving_back_that_ends_on_the_way_leaves_the_machine_with_the_cloud(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, number: int, end: str
) -> None:
    """Whichever step it is, and although what the step had to do has happened."""
    own, step = cloud.row(cloud.machine()), UnmanageVm.steps[number]
    do, plugged = step.do, set(NetworkHost.objects.filter(idle_since=None).values_list("pk", flat=True))

    def act(self: Step, ctx: JobContext) -> None:
        do(self, ctx)
        if end == "cancelled":
            cancel(ctx.job.uuid)
        raise DriverTimeout("no answer", retryable=end == "cancelled")

    with monkeypatch.context() as patch:
        patch.setattr(step, "do", act)
        ended = cloud.ended(cloud.admin.call("unmanageVirtualMachine", id=own.uuid))
    assert ended["jobstatus"] == 2
    assert SimulatedVm.objects.get(vm_uuid=own.uuid).managed is True
    assert VirtualMachine.objects.get(uuid=own.uuid).state == "Running"
    assert set(NetworkHost.objects.filter(idle_since=None).values_list("pk", flat=True)) == plugged
    check_invariants()
    assert cloud.ended(cloud.admin.call("unmanageVirtualMachine", id=own.uuid))["jobstatus"] == 1
    assert SimulatedVm.objects.get(vm_uuid=own.uuid).managed is False
    check_invariants()


def told_by(monkeypatch: pytest.MonkeyPatch, tell: Callable[[HostRef], Mapping[str, UnmanagedMachine]]) -> list[str]:
    """Have hosts tell of unmanaged machines what ``tell`` answers; the names of those that were asked."""
    asked: list[str] = []

    def unmanaged_machines(self: SimulatorDriver) -> Mapping[str, UnmanagedMachine]:
        asked.append(self.host.name)
        return tell(self.host)

    monkeypatch.setattr(SimulatorDriver, "unmanaged_machines", unmanaged_machines)
    return asked


def machine(name: str, cpus: int = 1) -> UnmanagedMachine:
    return UnmanagedMachine(uuid="", name=name, power=PowerState.ON, cpus=cpus, memory_mib=1)


def test_a_machine_that_cannot_be_kept_costs_itself_only(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    own = VirtualMachine.objects.get(uuid=cloud.machine()["id"])
    told = {
        "no uuid": machine("a"), str(uuid4()): machine("b", cpus=-1), str(uuid4()): machine("c", cpus=1 << 70),
        str(uuid4()): None, str(own.uuid): machine("own"), str(uuid4()): machine("good"),
    }  # fmt: skip
    told_by(monkeypatch, lambda host: told)
    assert look_for_unmanaged() == len(cloud.hosts)
    assert set(UnmanagedVm.objects.values_list("name", flat=True)) == {"good"}


def test_a_driver_that_breaks_costs_its_host_only_and_time_is_short(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = cloud.hosts[0]

    def tell(host: HostRef) -> dict[str, UnmanagedMachine]:
        return {str(uuid4()): machine("good")} if host.uuid != str(broken.uuid) else {}["x"]

    asked = told_by(monkeypatch, tell)
    assert look_for_unmanaged() == len(cloud.hosts) - 1
    assert len(asked) == len(cloud.hosts)
    asked.clear()
    monkeypatch.setattr(unmanaged_scan, "BUDGET_S", -1.0)
    look_for_unmanaged()
    assert len(asked) == 1


def test_a_scan_asks_all_hosts_of_the_cluster_and_names_those_that_did_not_tell(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = cloud.hosts[0].cluster
    first, *others = Host.objects.filter(cluster=cluster).order_by("pk")

    def tell(host: HostRef) -> dict[str, UnmanagedMachine]:
        if host.uuid == str(first.uuid):
            raise DriverError("its manager is away")
        return {str(uuid4()): machine("good")}

    told_by(monkeypatch, tell)
    ended = cloud.ended(cloud.admin.call("scanUnmanagedInstances", clusterid=cluster.uuid))
    assert ended["jobresult"]["errortext"] == f"{first.name}: its manager is away"
    assert others and set(UnmanagedVm.objects.values_list("host", flat=True)) == {host.pk for host in others}
