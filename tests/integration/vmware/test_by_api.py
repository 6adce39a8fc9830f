"""A zone of vSphere from nothing, all by commands of the API: hosts, storage, template, network, a machine's life."""

import functools
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from apps.accounts.factories import AccountFactory, ApiKeyPairFactory, UserFactory, root_caller
from apps.accounts.services.role_rules import forget_rules
from apps.compute.models import MachineUsage, VirtualMachine
from apps.compute.services import statistics
from apps.compute.services.power_sync import PowerSyncManager
from apps.infrastructure.models import CapacityReservation, Host
from apps.infrastructure.specs import host_ref
from apps.network.services.bootstrap import seed_network_offerings
from apps.storage.models import Volume
from apps.storage.services.guest_os import seed_guest_oses
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.testing.api import ApiClient
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.vmware import power_watch
from plugins.hypervisors.vmware.storage import DatastoreDriver
from plugins.hypervisors.vmware.vcenter import vcenter
from tests.integration.vmware.conftest import DATASTORE, HOSTS, Center
from tests.support.appliance import appliance

HEARD_S = 5.0

pytestmark = [pytest.mark.django_db, pytest.mark.lab]


@pytest.fixture(autouse=True)
def fresh_caches(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.DATA_DIR = tmp_path / "data"
    forget_rules()
    store.forget()
    yield
    forget_rules()
    store.forget()


@pytest.fixture
def image(tmp_path: Path) -> Iterator[str]:
    """Address of a web server with the appliance."""
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "tiny.ova").write_bytes(appliance())
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/tiny.ova"
    server.shutdown()


class Zone:
    """The operator's client, and what was made with it."""

    def __init__(self, center: Center, image: str, images: Path):
        self.center, self.image, self.images = center, image, images
        root = root_caller()
        UserFactory(username="system", account=AccountFactory(name="system", is_system=True, root_admin=True))
        seed_guest_oses()
        seed_network_offerings(caller=root)
        ConfigurationManager().update(caller=root, name="secstorage.allowed.internal.sites", value="127.0.0.0/8")
        pair = ApiKeyPairFactory(user=UserFactory(account=AccountFactory(root_admin=True)))
        self.admin = ApiClient(pair.api_key, pair.secret_key)
        self.id = self.admin.call(
            "createZone", name="vsphere", networktype="Advanced", dns1="192.0.2.53", internaldns1="192.0.2.53"
        )["zone"]["id"]
        self._network()
        self._hosts()
        self._storage()
        self.admin.call("updateZone", id=self.id, allocationstate="Enabled")

    def done(self, answer: dict[str, Any]) -> Any:
        """What a job came to, which must be good."""
        run_jobs()
        ended = self.admin.call("queryAsyncJobResult", jobid=answer["jobid"])
        assert ended["jobstatus"] == 1, ended
        return ended["jobresult"]

    def _network(self) -> None:
        fabric = self.done(
            self.admin.call("createPhysicalNetwork", zoneid=self.id, name="fabric", vlan="100-199")
        )["physicalnetwork"]["id"]  # fmt: skip
        self.done(self.admin.call("addTrafficType", physicalnetworkid=fabric, traffictype="Guest"))
        [provider] = [
            one["id"]
            for one in self.admin.items("listNetworkServiceProviders", physicalnetworkid=fabric)
            if one["name"] == "DistributedSwitch"
        ]
        self.done(self.admin.call("updateNetworkServiceProvider", id=provider, state="Enabled"))
        self.done(self.admin.call("updatePhysicalNetwork", id=fabric, state="Enabled"))
        offering = self.admin.call(
            "createNetworkOffering",
            name="vlan", displaytext="A VLAN, addresses by guestinfo", guestiptype="Isolated", traffictype="GUEST",
            supportedservices="Connectivity,Dhcp,UserData",
            serviceproviderlist=[
                {"service": name, "provider": "DistributedSwitch"} for name in ("Connectivity", "Dhcp", "UserData")
            ],
        )["networkoffering"]["id"]  # fmt: skip
        self.admin.call("updateNetworkOffering", id=offering, state="Enabled")
        self.network_offering = offering

    def _hosts(self) -> None:
        pod = self.admin.call("createPod", zoneid=self.id, name="pod", gateway="192.0.2.1", netmask="255.255.255.0",
                              startip="192.0.2.10", endip="192.0.2.20")["pod"]["id"]  # fmt: skip
        facts = self.center.facts
        cluster = self.admin.call(
            "addCluster", zoneid=self.id, podid=pod, clustername="vc", hypervisor="VMware",
            clustertype="ExternalManaged", url=facts.url(), username=facts.username, password=facts.password,
            externaldetails={"thumbprint": facts.thumbprint},
        )["cluster"][0]["id"]  # fmt: skip
        run_jobs()
        self.pod, self.cluster = pod, cluster

    def _storage(self) -> None:
        self.admin.call(
            "createStoragePool", zoneid=self.id, podid=self.pod, clusterid=self.cluster, name="primary",
            url=f"vmfs://vcenter/DC0/{DATASTORE}",
        )  # fmt: skip
        self.admin.call("addImageStore", name="images", provider="Directory", url=f"file://{self.images}")
        run_jobs()

    def template(self) -> str:
        made = self.admin.call(
            "registerTemplate", name="tiny", displaytext="tiny", format="OVA", hypervisor="VMware", zoneid=self.id,
            url=self.image, ostypeid=self.admin.items("listOsTypes", keyword="Other")[0]["id"],
        )  # fmt: skip
        run_jobs()
        return str(made["template"][0]["id"])

    def machine(self, **more: Any) -> dict[str, Any]:
        offering = self.admin.call(
            "createServiceOffering", name="s", displaytext="s", cpunumber=1, cpuspeed=500, memory=128
        )["serviceoffering"]["id"]
        network = self.admin.call(
            "createNetwork", name="mine", zoneid=self.id, networkofferingid=self.network_offering
        )["network"]["id"]  # fmt: skip
        job = self.admin.call(
            "deployVirtualMachine", zoneid=self.id, templateid=self.template(), serviceofferingid=offering,
            networkids=network, name="web", **more,
        )  # fmt: skip
        return dict(self.done(job)["virtualmachine"])


@pytest.fixture
def zone(center: Center, image: str, tmp_path: Path) -> Zone:
    return Zone(center, image, tmp_path / "images")


def test_a_machine_lives_on_vsphere(zone: Zone, center: Center) -> None:
    hosts = zone.admin.items("listHosts", zoneid=zone.id)
    assert [(host["name"], host["state"]) for host in hosts] == [(host["name"], "Up") for host in hosts]
    assert [host["name"] for host in hosts] == list(HOSTS)
    vm = zone.machine()
    assert vm["state"] == "Running"
    row = VirtualMachine.objects.get(uuid=vm["id"])
    with vcenter(center.host(), "look") as vc:
        machine = vc.machine(vm["id"])
        told = vc.read([machine], ["name", "runtime.powerState", "config.hardware.memoryMB"])[machine]
    assert told == {"name": row.instance_name, "runtime.powerState": "poweredOn", "config.hardware.memoryMB": 128}
    for _ in range(2):
        statistics.collect()
    first = MachineUsage.objects.get(vm=row)
    statistics.collect()
    assert MachineUsage.objects.get(vm=row).total_cpu_ns >= first.total_cpu_ns > 0
    for command, state in (("stopVirtualMachine", "Stopped"), ("startVirtualMachine", "Running")):
        assert zone.done(zone.admin.call(command, id=vm["id"]))["virtualmachine"]["state"] == state
    zone.done(zone.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True))
    with vcenter(center.host(), "look") as vc:
        assert vc.machine(vm["id"]) is None


def test_the_password_is_nowhere_to_be_seen(zone: Zone, center: Center) -> None:
    shown = str(zone.admin.items("listHosts", zoneid=zone.id)) + repr(list(Host.objects.values()))
    assert center.facts.password not in shown


def test_a_machine_of_others_is_taken_over_and_given_back(zone: Zone, center: Center) -> None:
    """Found by its VLAN, taken over while it runs, stopped and made anew with its own hardware, given back."""
    neighbour = zone.machine()
    [network] = zone.admin.items("listNetworks", zoneid=zone.id, listall=True)
    known = center.foreign("legacy", network_vlan(network))
    custom = zone.admin.call("createServiceOffering", name="any", displaytext="any", customized=True, cpuspeed=500,
                             mincpunumber=1, maxcpunumber=8, minmemory=64, maxmemory=4096)  # fmt: skip
    wanted = {
        "clusterid": zone.cluster, "name": "legacy", "serviceofferingid": custom["serviceoffering"]["id"],
        "nicipaddresslist": [],
    }  # fmt: skip
    zone.done(zone.admin.call("scanUnmanagedInstances", clusterid=zone.cluster))
    [found] = zone.admin.items("listUnmanagedInstances", clusterid=zone.cluster, name="legacy")
    assert (found["id"], found["powerstate"], found["boottype"]) == (known, "PowerOn", "UEFI")
    assert [(disk["controller"], disk["datastorename"]) for disk in found["disk"]] == [("lsilogic", DATASTORE)]
    vm = zone.done(zone.admin.call("importUnmanagedInstance", **wanted))["virtualmachine"]
    assert (vm["id"], vm["state"], vm["nic"][0]["networkid"]) == (known, "Running", network["id"])
    path = Volume.objects.get(attachment__vm__uuid=known).path
    assert path == f"[{DATASTORE}] legacy/legacy.vmdk"
    for command in ("stopVirtualMachine", "startVirtualMachine"):
        zone.done(zone.admin.call(command, id=known))
    host = Host.objects.get(vms__uuid=known)
    with vcenter(center.host(HOSTS.index(host.name)), "look") as vc:
        machine = vc.machine(known)
        told = vc.read([machine], ["config.firmware", "config.guestId", "config.hardware.device"])[machine]
    assert (told["config.firmware"], told["config.guestId"]) == ("efi", "debian11_64Guest")
    kinds = {type(device).__name__.rpartition(".")[2] for device in told["config.hardware.device"]}
    assert {"VirtualLsiLogicController", "VirtualE1000"} <= kinds
    zone.done(zone.admin.call("unmanageVirtualMachine", id=known))
    zone.done(zone.admin.call("scanUnmanagedInstances", clusterid=zone.cluster))
    assert known in [one["id"] for one in zone.admin.items("listUnmanagedInstances", clusterid=zone.cluster)]
    vm = zone.done(zone.admin.call("importUnmanagedInstance", **{**wanted, "name": known, "hostname": "again"}))
    assert vm["virtualmachine"]["state"] == "Running"
    zone.done(zone.admin.call("destroyVirtualMachine", id=known, expunge=True))
    _a_machine_that_is_off(zone, center, wanted, network_vlan(network))
    zone.done(zone.admin.call("destroyVirtualMachine", id=neighbour["id"], expunge=True))
    storage = DatastoreDriver(center.pool, center.host())
    assert storage.volume_facts(path) is None
    with vcenter(center.host(), "look") as vc:
        assert vc.machine(known) is None


def _a_machine_that_is_off(zone: Zone, center: Center, wanted: dict[str, Any], vlan: int) -> None:
    """Is taken off its host, and made anew from its disk at its start."""
    known = center.foreign("asleep", vlan)
    with vcenter(center.host(), "switch off") as vc:
        vc.wait(vc.machine(known).PowerOffVM_Task())
    zone.done(zone.admin.call("scanUnmanagedInstances", clusterid=zone.cluster))
    vm = zone.done(zone.admin.call("importUnmanagedInstance", **{**wanted, "name": "asleep"}))["virtualmachine"]
    assert (vm["id"], vm["state"]) == (known, "Stopped")
    with vcenter(center.host(), "look") as vc:
        assert vc.machine(known) is None
    volume = Volume.objects.get(attachment__vm__uuid=known)
    assert volume.path == f"[{DATASTORE}] asleep/asleep.vmdk"
    assert DatastoreDriver(center.pool, center.host()).volume_facts(volume.path) is not None
    assert zone.done(zone.admin.call("startVirtualMachine", id=known))["virtualmachine"]["state"] == "Running"
    zone.done(zone.admin.call("destroyVirtualMachine", id=known, expunge=True))


def test_the_record_follows_what_vcenter_moves_and_maintenance_reaches_vcenter(zone: Zone, center: Center) -> None:
    vm = zone.machine()
    first = Host.objects.get(vms__uuid=vm["id"])
    second = next(host for host in Host.objects.order_by("name") if host.pk != first.pk)
    heard: list[tuple[str, str, PowerState]] = []
    done = threading.Event()
    watchers = [
        threading.Thread(target=power_watch.watch, args=(host_ref(host), lambda *told: heard.append(told), done.is_set))
        for host in Host.objects.select_related("zone", "pod", "cluster")
    ]
    for watcher in watchers:
        watcher.start()
    time.sleep(2)
    with vcenter(center.host(HOSTS.index(second.name)), "move as DRS does") as vc:
        spec = vim.vm.RelocateSpec(host=vc.host, pool=vc.pool_of(vc.host))
        began = time.perf_counter()
        vc.wait(vc.machine(vm["id"]).RelocateVM_Task(spec))
    wanted = {(str(second.uuid), vm["id"], PowerState.ON), (str(first.uuid), vm["id"], PowerState.ABSENT)}
    while set(heard) != wanted and time.perf_counter() - began < HEARD_S:
        time.sleep(0.01)
    done.set()
    for watcher in watchers:
        watcher.join(20)
    assert set(heard) == wanted
    for host_uuid, vm_uuid, power in heard:
        PowerSyncManager().report(host_uuid=host_uuid, vm_uuid=vm_uuid, power=power)
    run_jobs()
    row = VirtualMachine.objects.get(uuid=vm["id"])
    assert (row.state, row.host, row.last_host) == ("Running", second, first)
    assert CapacityReservation.objects.get(holder_uuid=row.uuid).host == second
    zone.done(zone.admin.call("prepareHostForMaintenance", id=second.uuid))
    assert Host.objects.get(vms__uuid=vm["id"]) != second
    assert in_maintenance(center, second) is True
    zone.admin.call("cancelHostMaintenance", id=second.uuid)
    run_jobs()
    assert in_maintenance(center, second) is False
    stranger = center.foreign("stranger", 199, number=HOSTS.index(second.name))
    answer = zone.admin.call("prepareHostForMaintenance", id=second.uuid)
    run_jobs()
    ended = zone.admin.call("queryAsyncJobResult", jobid=answer["jobid"])
    assert "stranger runs on it" in ended["jobresult"]["errortext"]
    assert zone.admin.items("listHosts", id=second.uuid)[0]["resourcestate"] == "ErrorInPrepareForMaintenance"
    assert in_maintenance(center, second) is False
    with vcenter(center.host(), "clean up") as vc:
        vc.wait(vc.machine(stranger).PowerOffVM_Task())
        vc.wait(vc.machine(stranger).Destroy_Task())
    zone.done(zone.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True))


def in_maintenance(center: Center, host: Host) -> bool:
    with vcenter(center.host(HOSTS.index(host.name)), "look") as vc:
        return bool(vc.one(vc.host, "runtime.inMaintenanceMode"))


def network_vlan(network: dict[str, Any]) -> int:
    return int(network["broadcasturi"].rpartition("/")[2])
