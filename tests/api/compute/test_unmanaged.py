"""Machines that somebody else made on hosts of the cloud: listed, taken over, given back."""

from dataclasses import replace
from typing import Any

import pytest

from apps.compute.admin import unmanaged as admin
from apps.compute.factories import service_offering
from apps.compute.models import Nic, UnmanagedVm, VirtualMachine
from apps.compute.scheduled import look_for_unmanaged
from apps.compute.services import importing, unmanaged
from apps.infrastructure.models import CapacityReservation
from apps.network.models import NetworkHost
from apps.storage.models import StoragePool, Volume
from cloudstack.contracts.unmanaged import UnmanagedMachine
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob
from cloudstack.framework.jobs.models import JobLog
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import unmanaged as simulated
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.driver import SimulatorDriver
from plugins.hypervisors.simulator.models import SimulatedVm
from tests.api.compute.conftest import Cloud
from tests.support.cloud import check_invariants

pytestmark = pytest.mark.django_db


class Foreign:
    """A machine of somebody else on the first host, whose network the cloud has there."""

    def __init__(self, cloud: Cloud, **columns: Any):
        self.cloud = cloud
        neighbour = cloud.machine(hostid=cloud.hosts[0].uuid, api=cloud.admin, account="seller",
                                  domainid=cloud.account.domain.uuid)  # fmt: skip
        self.neighbour, self.host = cloud.row(neighbour), cloud.hosts[0]
        link = NetworkHost.objects.get(network=cloud.network, host=self.host)
        self.pool = StoragePool.objects.filter(pool_hosts__host=self.host, host=None).first()
        self.sim = world.somebody_makes(
            "old-web", host_uuid=self.host.uuid, pool_uuid=self.pool.uuid, pool_path=self.pool.path,
            bridge=link.bridge, **columns,
        )  # fmt: skip
        self.id, [card] = str(self.sim.vm_uuid), self.sim.nics.values()
        self.mac = card["mac"]
        look_for_unmanaged()
        self.offering = service_offering("found", is_customized=True, cpus=None, memory_mib=None, cpu_mhz=500)

    def wanted(self, **more: Any) -> dict[str, Any]:
        cloud = self.cloud
        params = {
            "clusterid": self.host.cluster.uuid, "name": "old-web", "serviceofferingid": self.offering.uuid,
            "account": "seller", "domainid": cloud.account.domain.uuid,
            "nicnetworklist": [{"nic": self.mac, "network": cloud.network.uuid}],
        }  # fmt: skip
        return {**params, **more}

    def take_over(self, **more: Any) -> dict[str, Any]:
        return self.cloud.run(self.cloud.admin.call("importUnmanagedInstance", **self.wanted(**more)))

    def refusal(self, **more: Any) -> str:
        with pytest.raises(ApiError) as refused:
            self.cloud.admin.call("importUnmanagedInstance", **self.wanted(**more))
        return str(refused.value)


@pytest.fixture
def foreign(cloud: Cloud) -> Foreign:
    return Foreign(cloud, disks=2)


def test_what_others_made_is_listed_by_cluster(foreign: Foreign, cloud: Cloud) -> None:
    [shown] = cloud.admin.items("listUnmanagedInstances", clusterid=foreign.host.cluster.uuid, keyword="old")
    assert (shown["id"], shown["name"], shown["powerstate"]) == (foreign.id, "old-web", "PowerOn")
    assert (shown["cpunumber"], shown["memory"], shown["hostid"]) == (2, 512, str(foreign.host.uuid))
    assert [(disk["id"], disk["capacity"]) for disk in shown["disk"]] == [("0", 1 << 30), ("1", 1 << 30)]
    assert [nic["macaddress"] for nic in shown["nic"]] == [foreign.mac]
    other = next(host.cluster for host in cloud.hosts if host.cluster_id != foreign.host.cluster_id)
    assert cloud.admin.items("listUnmanagedInstances", clusterid=other.uuid) == []
    SimulatedVm.objects.filter(pk=foreign.sim.pk).update(power="off")
    cloud.run(cloud.admin.call("scanUnmanagedInstances", clusterid=foreign.host.cluster.uuid))
    [shown] = cloud.admin.items("listUnmanagedInstances", clusterid=foreign.host.cluster.uuid, name="old-web")
    assert shown["powerstate"] == "PowerOff"
    SimulatedVm.objects.filter(pk=foreign.sim.pk).delete()
    look_for_unmanaged()
    assert not UnmanagedVm.objects.exists()


def test_a_running_machine_is_taken_over_and_lives_on_as_any_other(foreign: Foreign, cloud: Cloud) -> None:
    vm = foreign.take_over()
    assert (vm["id"], vm["name"], vm["state"], vm["account"]) == (foreign.id, "old-web", "Running", "seller")
    assert (vm["cpunumber"], vm["memory"], vm["nic"][0]["macaddress"]) == (2, 512, foreign.mac)
    row = cloud.row(vm)
    sim = SimulatedVm.objects.get(pk=foreign.sim.pk)
    assert (sim.managed, sim.boots, sim.power, sim.name) == (True, 1, "on", row.instance_name)
    assert {volume.path for volume in Volume.objects.filter(attachment__vm=row)} == {
        disk["path"] for disk in sim.disks.values()
    }
    assert CapacityReservation.objects.get(holder_uuid=row.uuid).memory_mib == 512
    assert not UnmanagedVm.objects.exists()
    check_invariants()
    data = Volume.objects.get(attachment__vm=row, type="DATADISK")
    cloud.run(cloud.api.call("detachVolume", id=data.uuid))
    assert len(SimulatedVm.objects.get(pk=foreign.sim.pk).disks) == 1
    for command in ("stopVirtualMachine", "startVirtualMachine"):
        cloud.run(cloud.api.call(command, id=vm["id"]))
        check_invariants()
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True))
    check_invariants()


def test_a_machine_that_is_off_starts_anew_on_any_host(cloud: Cloud) -> None:
    foreign = Foreign(cloud, power="off")
    vm = foreign.take_over(hostname="renamed", displayname="The old web server")
    assert (vm["state"], vm["name"], vm["displayname"]) == ("Stopped", "renamed", "The old web server")
    assert world.running_on(foreign.id) == []
    check_invariants()
    cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
    assert len(world.running_on(foreign.id)) == 1
    check_invariants()


def test_a_plan_shows_the_import_and_changes_nothing(foreign: Foreign, cloud: Cloud) -> None:
    plan = cloud.admin.call("importUnmanagedInstance", **foreign.wanted(), plan="true")
    assert "goes on running" in str(plan)
    assert not VirtualMachine.all_objects.filter(uuid=foreign.id).exists()
    assert UnmanagedVm.objects.count() == 1
    check_invariants()


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"name": "nobody"}, "scanUnmanagedInstances"),
        ({"nicnetworklist": []}, "nicnetworklist"),
        ({"nicnetworklist": [{"nic": "06:00:00:00:00:99", "network": "x"}]}, "nicnetworklist"),
        ({"nicipaddresslist": [{"nic": "MAC", "ip4Address": "elsewhere"}]}, "neither an IPv4 address nor auto"),
        ({"datadiskofferinglist": [{"disk": "7", "diskOffering": "DISK"}]}, "there are: 1"),
        ({"datadiskofferinglist": [{"disk": "1", "diskOffering": "DISK"}]}, "disk offering data is of 5 GiB"),
        ({"serviceofferingid": "FIXED"}, "name one that fits"),
        ({"hostname": "no_name"}, "is no host name"),
        ({"migrateallowed": "true"}, "migrateallowed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_what_does_not_fit_is_refused_with_the_parameter(
    foreign: Foreign, cloud: Cloud, more: dict[str, Any], word: str
) -> None:
    known = {"MAC": foreign.mac, "DISK": str(cloud.disk_offering.uuid), "FIXED": str(cloud.offering.uuid)}

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [{key: known.get(text, text) for key, text in row.items()} for row in value]
        return known.get(value, value)

    assert word in foreign.refusal(**{name: filled(value) for name, value in more.items()})
    check_invariants()


def test_limits_of_the_owner_count(foreign: Foreign, cloud: Cloud) -> None:
    owner = {"account": "seller", "domainid": cloud.account.domain.uuid}
    cloud.admin.call("updateResourceLimit", resourcetype=2, max=2, **owner)
    assert "olume" in foreign.refusal()
    assert not VirtualMachine.all_objects.filter(uuid=foreign.id).exists()
    check_invariants()


@pytest.mark.parametrize("verb", ["unmanaged_machines", "import_machine"])
def test_an_import_that_fails_leaves_nothing_behind(foreign: Foreign, cloud: Cloud, verb: str) -> None:
    world.inject(verb, "fault:it does not want to", count=None)
    ended = cloud.ended(cloud.admin.call("importUnmanagedInstance", **foreign.wanted()))
    assert ended["jobstatus"] == 2
    world.Fault.objects.all().delete()
    assert not VirtualMachine.objects.filter(uuid=foreign.id).exists()
    assert not SimulatedVm.objects.get(pk=foreign.sim.pk).managed
    assert not Nic.objects.filter(mac=foreign.mac).exists()
    check_invariants()
    assert foreign.take_over()["state"] == "Running"
    check_invariants()


def test_a_card_that_is_plugged_in_elsewhere_stops_the_import(cloud: Cloud) -> None:
    foreign = Foreign(cloud)
    SimulatedVm.objects.filter(pk=foreign.sim.pk).update(
        nics={"x": {"mac": foreign.mac, "bridge": "br-else", "network": "", "ipv4": ""}}
    )
    ended = cloud.ended(cloud.admin.call("importUnmanagedInstance", **foreign.wanted()))
    assert "plugged into 'br-else'" in ended["jobresult"]["errortext"]
    check_invariants()


def test_a_machine_is_given_back_and_comes_again(foreign: Foreign, cloud: Cloud) -> None:
    own = foreign.neighbour
    with pytest.raises(ApiError, match="another host"):
        cloud.admin.call("unmanageVirtualMachine", id=own.uuid, hostid=cloud.hosts[1].uuid)
    done = cloud.ended(cloud.admin.call("unmanageVirtualMachine", id=own.uuid))
    assert done["jobresult"] == {
        "success": True, "details": f"{own} runs on {foreign.host} unmanaged", "hostid": str(foreign.host.uuid),
    }  # fmt: skip
    sim = SimulatedVm.objects.get(vm_uuid=own.uuid)
    assert (sim.managed, sim.power, sim.boots) == (False, "on", 1)
    assert not VirtualMachine.objects.filter(uuid=own.uuid).exists()
    check_invariants()
    look_for_unmanaged()
    [card] = sim.nics.values()
    vm = foreign.take_over(
        name=str(own.uuid), hostname="again", nicnetworklist=[{"nic": card["mac"], "network": cloud.network.uuid}]
    )
    assert (vm["id"], vm["state"]) == (str(own.uuid), "Running")
    check_invariants()


def test_nobody_but_root_admins_sees_or_touches_them(foreign: Foreign, cloud: Cloud) -> None:
    for client in (cloud.api, cloud.sales_admin):
        for command, params in (
            ("listUnmanagedInstances", {"clusterid": foreign.host.cluster.uuid}),
            ("scanUnmanagedInstances", {"clusterid": foreign.host.cluster.uuid}),
            ("importUnmanagedInstance", foreign.wanted()),
            ("unmanageVirtualMachine", {"id": foreign.neighbour.uuid}),
        ):
            with pytest.raises(ApiError) as refused:
                client.call(command, **params)
            assert refused.value.code in (401, 432)
    run_jobs()
    assert UnmanagedVm.objects.count() == 1


def test_a_definition_that_cannot_be_taken_off_its_host_is_used_by_the_next_start(cloud: Cloud) -> None:
    """It may be gone, too, although its host says otherwise: the import is done and nothing of the machine is lost."""
    foreign = Foreign(cloud, power="off")
    world.inject("destroy", "fault:gone, or not", count=None)
    vm = foreign.take_over()
    assert vm["state"] == "Stopped"
    assert JobLog.objects.filter(text__contains="gone, or not", text__regex=foreign.host.name).exists()
    world.Fault.objects.all().delete()
    assert cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))["state"] == "Running"
    assert len(world.running_on(foreign.id)) == 1
    check_invariants()


def test_a_file_is_one_volume(foreign: Foreign, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    path = next(disk["path"] for disk in foreign.sim.disks.values() if disk["device"] == 1)
    other = Volume.objects.filter(attachment__vm=foreign.neighbour)
    known = dict(other.values_list("pk", "path"))

    def somebody_was_quicker(request: Any, **more: Any) -> Any:
        plan = importing.plan_import(request, **more)
        other.update(path=path, pool=foreign.pool)
        return plan

    with monkeypatch.context() as patch:
        patch.setattr(unmanaged, "plan_import", somebody_was_quicker)
        assert f"disk {path} is volume" in foreign.refusal()
    assert set(other.values_list("path", flat=True)) == {path}, "only the import itself is rolled back"
    assert f"disk {path} is volume" in foreign.refusal()
    for pk, before in known.items():
        Volume.objects.filter(pk=pk).update(path=before)
    twice = {key: {**disk, "path": path} for key, disk in foreign.sim.disks.items()}
    SimulatedVm.objects.filter(pk=foreign.sim.pk).update(disks=twice)
    look_for_unmanaged()
    assert f"two disks of the machine are {path}" in foreign.refusal()


def test_a_disk_that_its_driver_warns_of_is_left_alone(
    foreign: Foreign, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = simulated._shown

    def warned(vm: SimulatedVm) -> UnmanagedMachine:
        machine = told(vm)
        return replace(machine, disks=tuple(replace(disk, obstacle="is a linked clone") for disk in machine.disks))

    seen_before = cloud.admin.call("importUnmanagedInstance", **foreign.wanted())
    monkeypatch.setattr(simulated, "_shown", warned)
    assert "is a linked clone" in cloud.ended(seen_before)["jobresult"]["errortext"]
    assert not SimulatedVm.objects.get(pk=foreign.sim.pk).managed
    look_for_unmanaged()
    assert "is a linked clone" in foreign.refusal()
    check_invariants()


def test_hosts_that_are_not_enabled_give_nothing_away(foreign: Foreign, cloud: Cloud) -> None:
    type(foreign.host).objects.filter(pk=foreign.host.pk).update(resource_state="Maintenance")
    assert "is Maintenance" in foreign.refusal()


def test_one_of_two_imports_of_a_machine_is_told_of_the_other(
    foreign: Foreign, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def together(request: Any, **more: Any) -> Any:
        plan = importing.plan_import(request, **more)
        with monkeypatch.context() as patch:
            patch.setattr(unmanaged, "plan_import", importing.plan_import)
            cloud.admin.call("importUnmanagedInstance", **foreign.wanted())
        return plan

    monkeypatch.setattr(unmanaged, "plan_import", together)
    assert "is being taken over already" in foreign.refusal()


def test_owners_do_not_read_the_hosts_name(foreign: Foreign, cloud: Cloud) -> None:
    answer = cloud.admin.call("importUnmanagedInstance", **foreign.wanted())
    SimulatedVm.objects.filter(pk=foreign.sim.pk).delete()
    assert "is not where it was seen" in cloud.ended(answer)["jobresult"]["errortext"]
    job = AsyncJob.objects.get(uuid=answer["jobid"])
    assert foreign.host.name not in job.description + job.error_text
    assert JobLog.objects.filter(job=job, text__contains=foreign.host.name).exists()


def test_the_admin_offers_what_can_be_taken(foreign: Foreign, cloud: Cloud) -> None:
    service_offering("without a speed", is_customized=True, cpus=None, memory_mib=None, cpu_mhz=None)
    row = UnmanagedVm.objects.get()
    offered = {name for _, name in admin.fitting_offerings(cloud.admin, [row])}
    assert "found" in offered and "without a speed" not in offered
    row.cpu_mhz = 1000
    assert "without a speed" in {name for _, name in admin.fitting_offerings(cloud.admin, [row])}
    for nobody in ("nonsense", str(row.uuid)):
        with pytest.raises(InvalidParameter, match="there is no account"):
            admin._owned(row, nobody)


def test_a_driver_that_breaks_after_it_took_a_machine_off_loses_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign, destroy = Foreign(cloud, power="off"), SimulatorDriver.destroy

    def breaks(driver: SimulatorDriver, uuid: str) -> None:
        destroy(driver, uuid)
        raise KeyError("runtime.powerState")

    with monkeypatch.context() as patch:
        patch.setattr(SimulatorDriver, "destroy", breaks)
        vm = foreign.take_over()
    assert vm["state"] == "Stopped"
    assert cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))["state"] == "Running"
    check_invariants()
