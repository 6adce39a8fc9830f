"""One machine runs on one host, whatever is asked; what must be there before a start is asked for."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connections, transaction

from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.contracts.storage import ImageStoreRef, VolumeSpec
from plugins.hypervisors.simulator import world
from plugins.hypervisors.simulator.driver import SimulatorDriver
from plugins.hypervisors.simulator.image_store import SimulatorImageStore
from plugins.hypervisors.simulator.models import SimulatedHost, SimulatedVm
from plugins.hypervisors.simulator.storage import SimulatorStorageDriver
from plugins.hypervisors.simulator.testing import POOL, new_disk, new_driver, new_machine, new_nic

pytestmark = pytest.mark.django_db


def test_second_host_refuses_a_machine_that_runs_and_writes_it_down() -> None:
    first, second = new_driver("one"), new_driver("two")
    spec = new_machine(first.host)
    first.start(spec)
    with pytest.raises(DriverError, match="while it runs on"):
        second.start(spec)
    assert world.running_on(spec.uuid) == [first.host.uuid]
    [text] = world.violations()
    assert spec.uuid in text


def test_machine_that_is_off_may_start_elsewhere() -> None:
    first, second = new_driver("one"), new_driver("two")
    spec = new_machine(first.host)
    first.start(spec)
    first.stop(spec.uuid)
    second.start(spec)
    assert world.running_on(spec.uuid) == [second.host.uuid]
    assert first.power_state(spec.uuid) is PowerState.OFF
    assert world.violations() == []


def test_migration_takes_over_an_old_definition_on_the_target() -> None:
    first, second = new_driver("one"), new_driver("two")
    spec = new_machine(first.host)
    second.start(spec)
    second.stop(spec.uuid)
    first.start(spec)
    first.migrate(spec, second.host)
    assert [str(vm.host_uuid) for vm in world.machines(spec.uuid)] == [second.host.uuid]


@pytest.mark.django_db(transaction=True)
def test_many_workers_starting_one_machine_on_many_hosts_get_one() -> None:
    drivers = [new_driver(f"host-{n}") for n in range(6)]
    spec = new_machine(drivers[0].host)

    def start(driver: SimulatorDriver) -> bool:
        try:
            driver.start(spec)
        except DriverError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        started = list(pool.map(start, drivers))
    assert sum(started) == 1
    assert len(world.running_on(spec.uuid)) == 1
    assert SimulatedVm.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_making_one_volume_make_one() -> None:
    driver = new_driver()
    volume = VolumeSpec(uuid=str(uuid4()), name="v", size_bytes=4096)

    def make(_: int) -> str:
        try:
            return SimulatorStorageDriver(POOL, driver.host).create_volume(volume).path
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(make, range(12)))) == 1
    assert world.volumes().count() == 1


def test_start_needs_the_volumes() -> None:
    driver = new_driver()
    spec = new_machine(driver.host)
    SimulatorStorageDriver(POOL, driver.host).delete_volume(spec.disks[0].path)
    with pytest.raises(InvalidSpec, match="no such volume"):
        driver.start(spec)
    assert driver.power_state(spec.uuid) is PowerState.ABSENT


def test_start_needs_the_bridges_on_that_host() -> None:
    driver = new_driver()
    spec = new_machine(driver.host, nics=(replace(new_nic(), bridge="brvx-99"),))
    with pytest.raises(InvalidSpec, match="no bridge 'brvx-99'"):
        driver.start(spec)


def test_attaching_needs_the_volume_and_a_free_place() -> None:
    driver = new_driver()
    spec = new_machine(driver.host)
    driver.start(spec)
    first, second = new_disk(driver.host, device_id=1), new_disk(driver.host, device_id=1)
    driver.attach_disk(spec.uuid, first)
    with pytest.raises(DriverError, match="as device 1 already"):
        driver.attach_disk(spec.uuid, second)
    with pytest.raises(InvalidSpec):
        driver.attach_disk(spec.uuid, replace(second, path="/simulated/pool/volumes/none", device_id=2))
    driver.detach_disk(spec.uuid, first)
    assert set(SimulatedVm.objects.get().disks) == {spec.disks[0].uuid}


def test_guest_that_powers_off_by_itself_is_seen() -> None:
    driver = new_driver()
    spec = new_machine(driver.host)
    driver.start(spec)
    assert world.guest_powers_off(spec.uuid)
    assert driver.power_states() == {spec.uuid: PowerState.OFF}
    with pytest.raises(NotFound):
        driver.reboot(spec.uuid)
    assert not world.guest_powers_off(spec.uuid)


def test_facts_come_from_the_table_then_the_details_then_the_defaults() -> None:
    driver = new_driver()
    assert driver.host_facts().memory_mib == 65536
    told = SimulatorDriver(replace(driver.host, details={"memory_mib": "2048"}))
    assert (told.host_facts().memory_mib, told.host_facts().cpus) == (2048, 16)
    SimulatedHost.objects.create(host_uuid=driver.host.uuid, cpus=2, cpu_mhz=100, memory_mib=512)
    assert (told.host_facts().cpus, told.host_facts().cpu_mhz, told.host_facts().memory_mib) == (2, 100, 512)


def test_driver_inside_a_transaction_is_refused() -> None:
    driver = new_driver()
    with transaction.atomic(), pytest.raises(DriverError, match="inside a database transaction"):
        driver.host_facts()


@pytest.mark.parametrize(("verb", "statements"), [("start", 4), ("stop", 2), ("destroy", 2), ("power_states", 2)])
def test_verbs_are_cheap(verb: str, statements: int, django_assert_max_num_queries) -> None:
    driver = new_driver()
    spec = new_machine(driver.host)
    driver.start(spec)
    arguments = {"start": (spec,), "power_states": ()}.get(verb, (spec.uuid,))
    savepoints = 2 if verb == "start" else 0
    with django_assert_max_num_queries(statements + savepoints):
        getattr(driver, verb)(*arguments)


def test_image_store_has_what_it_fetched() -> None:
    store = SimulatorImageStore(ImageStoreRef(uuid=str(uuid4()), name="images", provider="Simulator", url="sim://"))
    uuid = str(uuid4())
    assert not store.exists(uuid)
    with pytest.raises(NotFound):
        store.open(uuid)
    facts = store.fetch(uuid, "http://images.example/tiny.raw")
    assert facts is not None and facts.format == "raw" and len(facts.sha256) == 64
    assert store.fetch(uuid, "http://images.example/tiny.raw") == facts
    assert store.exists(uuid)
    with store.open(uuid) as file:
        assert uuid.encode() in file.read()
    assert store.capacity().available_bytes == store.capacity().capacity_bytes - facts.physical_size_bytes
    store.delete(uuid)
    store.delete(uuid)
    assert not store.exists(uuid)
    with pytest.raises(InvalidSpec):
        store.fetch(uuid, "file:///etc/passwd")


def test_image_store_takes_uploaded_files(tmp_path) -> None:
    store = SimulatorImageStore(ImageStoreRef(uuid=str(uuid4()), name="images", provider="Simulator", url="sim://"))
    file = tmp_path / "image"
    file.write_bytes(b"x" * 100)
    uuid = str(uuid4())
    store.put(uuid, file)
    store.put(uuid, file)
    assert store.exists(uuid)
