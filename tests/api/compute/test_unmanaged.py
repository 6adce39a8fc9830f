"""Machines that somebody else made on hosts of the cloud: listed, taken over, given back."""

from typing import Any

import pytest

from apps.compute.factories import service_offering
from apps.compute.models import Nic, UnmanagedVm, VirtualMachine
from apps.compute.scheduled import look_for_unmanaged
from apps.infrastructure.models import CapacityReservation
from apps.network.models import NetworkHost
from apps.storage.models import StoragePool, Volume
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
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
