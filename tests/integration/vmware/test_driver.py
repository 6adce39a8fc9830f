"""What the driver does beyond the suite: port groups, seeds, maintenance, and what the simulator cannot show."""

import base64
import dataclasses
import json
from io import BytesIO

import pytest
from pyVmomi import vim

from cloudstack.contracts.console import SupportsConsoleTicket
from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound, NotSupported
from cloudstack.contracts.hypervisor import PowerState, SeedSpec, SupportsMaintenance, SupportsRelocation
from cloudstack.contracts.network import NetworkSpec
from cloudstack.contracts.storage import VolumeSpec
from plugins.hypervisors.vmware import devices, networks
from plugins.hypervisors.vmware.driver import VmwareDriver
from plugins.hypervisors.vmware.storage import DatastoreDriver
from plugins.hypervisors.vmware.vcenter import vcenter
from tests.integration.vmware.conftest import DATASTORE, Center
from tests.support.appliance import appliance

pytestmark = pytest.mark.lab


def test_a_port_group_has_its_vlan_and_is_made_once(center: Center) -> None:
    element = networks.DistributedSwitch()
    network = NetworkSpec(uuid="n", name="guests", guest_type="L2", vni=123)
    assert {element.prepare_host(network, center.host(number)) for number in (0, 1, 0)} == {"guest-123-DVS0"}
    with vcenter(center.host(), "look") as vc:
        group = vc.find("DC0/network/guest-123-DVS0")
        assert networks.vlan_of(vc.one(group, "config.defaultPortConfig")) == 123
    with pytest.raises(InvalidSpec, match="is no VLAN"):
        element.prepare_host(dataclasses.replace(network, vni=5000), center.host())
    with pytest.raises(InvalidSpec, match="DVS0"):
        element.prepare_host(network, center.host(distributed_switch="other"))


def test_a_port_group_goes_with_the_last_machine_in_it(center: Center) -> None:
    element, driver = networks.DistributedSwitch(), VmwareDriver(center.host(0))
    network = NetworkSpec(uuid="n", name="guests", guest_type="L2", vni=140)

    def is_there() -> bool:
        with vcenter(center.host(), "look") as vc:
            return vc.content.searchIndex.FindByInventoryPath("DC0/network/guest-140-DVS0") is not None

    spec = center.machine(nics=(center.nic(vlan=140),))
    driver.start(spec)
    element.release_host(network, center.host(1))
    with pytest.raises(DriverError, match="is plugged into port group"):
        element.release_host(network, center.host(0))
    assert is_there()
    driver.destroy(spec.uuid)
    for number in (0, 0, 1):
        element.release_host(network, center.host(number))
    assert not is_there()
    again = center.machine(nics=(center.nic(vlan=140),))
    driver.start(again)
    driver.destroy(again.uuid)
    element.release_host(network, center.host(0))


def test_the_guest_reads_its_seed_and_its_address(center: Center) -> None:
    driver = VmwareDriver(center.host())
    seed = SeedSpec(
        instance_id="i-7", hostname="web", user_data=b"#!/bin/sh\n", public_keys=("ssh-rsa A",), password="p"
    )
    spec = center.machine(seed=seed)
    driver.start(spec)
    with vcenter(center.host(), "look") as vc:
        extra = {one.key: one.value for one in vc.one(vc.machine(spec.uuid), "config.extraConfig")}
    told = json.loads(base64.b64decode(extra["guestinfo.metadata"]))
    assert (told["instance-id"], told["local-hostname"], told["public-keys"]) == ("i-7", "web", ["ssh-rsa A"])
    card = told["network"]["ethernets"]["nic0"]
    assert (card["match"]["macaddress"], card["addresses"]) == (spec.nics[0].mac, ["10.1.1.7/24"])
    assert base64.b64decode(extra["guestinfo.userdata"]) == seed.user_data
    assert b'"password": "p"' in base64.b64decode(extra["guestinfo.vendordata"])
    driver.destroy(spec.uuid)


def test_destroying_a_machine_leaves_its_volumes(center: Center) -> None:
    driver, storage = VmwareDriver(center.host()), DatastoreDriver(center.pool, center.host())
    spec = center.machine()
    driver.start(spec)
    driver.destroy(spec.uuid)
    assert storage.volume_facts(spec.disks[0].path) is not None
    storage.delete_volume(spec.disks[0].path)
    assert storage.volume_facts(spec.disks[0].path) is None


def test_a_clone_that_broke_off_is_finished(center: Center) -> None:
    """The carrier of the disk stands there without having been emptied, as a crash leaves it."""
    from plugins.hypervisors.vmware import clones, templates

    storage = DatastoreDriver(center.pool, center.host())
    template, content = center.template()
    path = storage.cache_template(template, BytesIO(content))
    uuid = center.disk().uuid.replace("-4", "-5", 1)
    volume = VolumeSpec(uuid=uuid, name="root", size_bytes=128 << 20, template_path=path)
    with vcenter(center.host(), "begin") as vc:
        found = templates.find(vc, template.uuid, storage.datastore)
        clones.clone(vc, found, volume, storage._datastore(vc))
    facts = storage.create_volume(volume)
    assert facts.size_bytes == 128 << 20
    assert storage.create_volume(volume).path == facts.path
    with vcenter(center.host(), "look") as vc:
        names = [told["name"] for told in vc.read_all(vc.datacenter, vim.VirtualMachine, ["name"]).values()]
    assert clones.carrier_name(uuid) not in names
    storage.delete_volume(facts.path)
    storage.delete_volume(path)


def test_an_import_that_broke_off_is_no_template(center: Center) -> None:
    from cloudstack.testing.storage import BrokenSource
    from plugins.hypervisors.vmware import templates

    storage = DatastoreDriver(center.pool, center.host())
    spec, _ = center.template()
    content = appliance(disk=bytes(1 << 20))
    with pytest.raises(DriverError) as broken:
        storage.cache_template(spec, BrokenSource(content))
    assert broken.value.retryable
    with vcenter(center.host(), "look") as vc:
        assert templates.find(vc, spec.uuid, storage.datastore) is None
    path = storage.cache_template(spec, BytesIO(content))
    assert storage.volume_facts(path) is not None
    storage.delete_volume(path)
    with vcenter(center.host(), "look") as vc:
        names = [told["name"] for told in vc.read_all(vc.datacenter, vim.VirtualMachine, ["name"]).values()]
    assert not [name for name in names if spec.uuid in name]


def test_maintenance_is_told_to_the_host(center: Center) -> None:
    driver = VmwareDriver(center.host(2))
    assert isinstance(driver, SupportsMaintenance)
    for verb, wanted in ((driver.enter_maintenance, True), (driver.exit_maintenance, False)):
        for _ in range(2):
            verb()
            with vcenter(center.host(2), "look") as vc:
                assert vc.one(vc.host, "runtime.inMaintenanceMode") is wanted


def test_disks_are_relocated_by_their_paths(center: Center) -> None:
    """The simulator does not move files: seen is that it is asked, and what is refused before."""
    driver = VmwareDriver(center.host())
    assert isinstance(driver, SupportsRelocation)
    spec = center.machine()
    driver.start(spec)
    path = spec.disks[0].path
    other = dataclasses.replace(center.pool, path="/DC0/LocalDS_1")
    assert set(driver.relocate_disks(spec.uuid, {path: other})) == {path}
    with pytest.raises(InvalidSpec, match="no datastore"):
        driver.relocate_disks(spec.uuid, {path: dataclasses.replace(other, path="/DC0/none")})
    with pytest.raises(NotFound):
        driver.relocate_disks(spec.uuid, {path.replace("volume-", "volume-0"): other})
    assert driver.power_state(spec.uuid) is PowerState.ON
    driver.destroy(spec.uuid)


def test_what_the_simulator_lacks_is_said_in_its_words(center: Center) -> None:
    driver, storage = VmwareDriver(center.host()), DatastoreDriver(center.pool, center.host())
    assert isinstance(driver, SupportsConsoleTicket)
    spec = center.machine()
    driver.start(spec)
    with pytest.raises(NotSupported, match="AcquireTicket"):
        driver.console_ticket(spec.uuid)
    with pytest.raises(NotFound):
        driver.console_ticket("0" * 8 + "-0000-4000-8000-" + "0" * 12)
    with pytest.raises(NotSupported, match="ExtendVirtualDisk"):
        storage.resize_volume(spec.disks[0].path, 256 << 20)
    driver.destroy(spec.uuid)


def test_linked_clones_are_told_as_such(center: Center) -> None:
    """Their disks stand on files of another machine; below a snapshot of one's own they do not."""
    driver = VmwareDriver(center.host())
    machine = center.foreign("linked", 177)

    def obstacle_of(*below: str) -> str:
        """Of its disk, when that stands on these files."""
        with vcenter(center.host(), "stand on others") as vc:
            vm = vc.machine(machine)
            [disk] = devices.of_kind(vc.one(vm, "config.hardware.device"), vim.vm.device.VirtualDisk)
            top = disk.backing
            for path in below:
                backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent")
                backing.fileName = f"[{DATASTORE}] {path}"
                top.parent, top = backing, backing
            vc.wait(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[devices.change(devices.EDIT, disk)])))
        [told] = driver.unmanaged_machines()[machine].disks
        assert told.path == f"[{DATASTORE}] {below[-1]}"
        return told.obstacle

    [disk] = driver.unmanaged_machines()[machine].disks
    assert disk.obstacle == ""
    assert "has no snapshot" in obstacle_of("parent/parent.vmdk")
    with vcenter(center.host(), "snapshot") as vc:
        vm = vc.machine(machine)
        vc.wait(vm.CreateSnapshot_Task("mine", "", False, False))
    assert obstacle_of("linked/linked-base.vmdk") == ""
    assert "folder of another machine" in obstacle_of("linked/linked-000001.vmdk", "parent/parent.vmdk")
    with vcenter(center.host(), "clean up") as vc:
        vm = vc.machine(machine)
        vc.wait(vm.PowerOffVM_Task())
        vm.UnregisterVM()
