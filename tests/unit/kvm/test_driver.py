"""The driver on libvirt's simulated host, which keeps machines in memory."""

from dataclasses import replace
from uuid import uuid4

import libvirt
import pytest

from cloudstack.contracts.errors import InvalidSpec, NotFound
from cloudstack.contracts.hypervisor import (
    HypervisorDriver,
    PowerState,
    SupportsDiskHotplug,
    SupportsLiveMigration,
    SupportsNicHotplug,
    SupportsPowerEvents,
    SupportsStatistics,
)
from plugins.hypervisors.kvm.connection import connections
from plugins.hypervisors.kvm.driver import KvmDriver


@pytest.fixture
def driver(test_host):
    return KvmDriver(replace(test_host, details={"domain_type": "qemu"}))


@pytest.fixture
def machine(driver, spec):
    # libvirt's test host cannot take uploads, so it has no seeds.
    spec = replace(spec, uuid=str(uuid4()), name=f"i-{uuid4().hex[:8]}", seed=None, memory_mib=64)
    yield spec
    driver.destroy(spec.uuid)


def test_abilities(driver):
    for contract in (
        HypervisorDriver,
        SupportsLiveMigration,
        SupportsDiskHotplug,
        SupportsNicHotplug,
        SupportsStatistics,
        SupportsPowerEvents,
    ):
        assert isinstance(driver, contract)


def test_facts(driver):
    facts = driver.host_facts()
    assert facts.memory_mib == 3072
    assert facts.cpus == 16
    assert facts.hypervisor_version.startswith("TEST ")


def test_the_operator_knows_better(driver):
    better = KvmDriver(replace(driver.host, details={"memory_mib": "24000", "cpus": "2", "cpu_mhz": "2600"}))
    facts = better.host_facts()
    assert (facts.memory_mib, facts.cpus, facts.cpu_mhz) == (24000, 2, 2600)
    with pytest.raises(InvalidSpec, match="memory_mib"):
        KvmDriver(replace(driver.host, details={"memory_mib": "much"})).host_facts()


def test_life_of_a_machine(driver, machine):
    driver.start(machine)
    driver.start(machine)
    assert driver.power_state(machine.uuid) is PowerState.ON
    driver.stop(machine.uuid, force=True)
    assert driver.power_state(machine.uuid) is PowerState.OFF
    driver.start(replace(machine, cpus=4))
    assert connections.get(driver.host).lookupByUUIDString(machine.uuid).vcpusFlags() == 4
    driver.destroy(machine.uuid)
    driver.destroy(machine.uuid)
    assert driver.power_state(machine.uuid) is PowerState.ABSENT


def test_a_paused_machine_goes_on_at_start(driver, machine):
    driver.start(machine)
    connections.get(driver.host).lookupByUUIDString(machine.uuid).suspend()
    assert driver.power_state(machine.uuid) is PowerState.PAUSED
    driver.start(machine)
    assert driver.power_state(machine.uuid) is PowerState.ON


def test_machines_of_others_are_not_ours(driver, machine):
    driver.start(machine)
    other = connections.get(driver.host).lookupByName("test")
    assert set(driver.power_states()) == {machine.uuid}
    with pytest.raises(NotFound, match="not made by this cloud"):
        driver.destroy(other.UUIDString())
    assert other.isActive()


def test_another_machine_of_the_same_name_is_not_touched(driver, machine):
    from cloudstack.contracts.errors import DriverError

    driver.start(machine)
    with pytest.raises(DriverError, match="already exists"):
        driver.start(replace(machine, uuid=str(uuid4())))
    assert driver.power_state(machine.uuid) is PowerState.ON


def test_more_than_the_host_has(driver, machine):
    with pytest.raises(InvalidSpec, match=r"test has 16"):
        driver.validate(replace(machine, cpus=17))
    with pytest.raises(InvalidSpec, match=r"test has 3072"):
        driver.validate(replace(machine, memory_mib=4000))


def test_a_migration_needs_shared_disks(driver, machine):
    from plugins.hypervisors.kvm.migration import migration_flags

    flags = migration_flags(machine, driver.host, driver.host)
    assert flags & libvirt.VIR_MIGRATE_LIVE
    assert flags & libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    assert flags & libvirt.VIR_MIGRATE_UNSAFE
    cached = replace(driver.host, details={"cache": "writeback"})
    assert not migration_flags(machine, cached, driver.host) & libvirt.VIR_MIGRATE_UNSAFE
    told = replace(driver.host, details={"cache": "writeback", "migration_unsafe": "true"})
    assert migration_flags(machine, told, driver.host) & libvirt.VIR_MIGRATE_UNSAFE
    local = replace(machine, disks=(replace(machine.disks[0], pool_type="Filesystem"),))
    with pytest.raises(InvalidSpec):
        migration_flags(local, driver.host, driver.host)


def test_what_changes_on_the_way_to_another_host(driver, spec, nic):
    import xml.etree.ElementTree as ET

    from plugins.hypervisors.kvm.domain_xml import HostPaths, domain_xml
    from plugins.hypervisors.kvm.migration import migration_xml
    from plugins.hypervisors.kvm.options import HostOptions

    there = replace(spec, nics=(replace(nic, bridge="brvx-200"),))
    here = domain_xml(spec, HostOptions(vnc_listen="10.0.0.1"), HostPaths(seed="/a/s.iso", console_log="/a/c.log"))
    target = replace(driver.host, details={"vnc_listen": "10.0.0.2"})
    moved = ET.fromstring(migration_xml(here, there, target, HostPaths(seed="/b/s.iso", console_log="/b/c.log")))
    assert moved.find("devices/disk[@device='cdrom']/source").get("file") == "/b/s.iso"
    assert moved.find("devices/disk[@device='disk']/source").get("file") == spec.disks[0].path
    assert moved.find("devices/serial/log").get("file") == "/b/c.log"
    assert moved.find("devices/interface/source").get("bridge") == "brvx-200"
    assert moved.find("devices/graphics/listen").get("address") == "10.0.0.2"
