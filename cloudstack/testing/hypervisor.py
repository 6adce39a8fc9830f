"""What every hypervisor driver must do: subclass, override the ``make_…`` methods, run by pytest.

The suite asks a driver only what the contract promises, so that the same tests run against a real
hypervisor and against a simulated one. Abilities that a driver does not have are skipped by name.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from cloudstack.contracts.errors import DriverTimeout, DriverUnavailable, InvalidSpec, NotFound
from cloudstack.contracts.hypervisor import (
    DiskSpec,
    HypervisorDriver,
    NicSpec,
    PowerState,
    SupportsDiscs,
    SupportsDiskHotplug,
    SupportsHostLoad,
    SupportsLiveMigration,
    SupportsManyHosts,
    SupportsNicHotplug,
    SupportsPowerEvents,
    SupportsRecentUse,
    SupportsStatistics,
    VmSpec,
)
from cloudstack.testing.abilities import Conformance, able
from cloudstack.testing.snapshots import SnapshotConformance
from cloudstack.testing.unmanaged import UnmanagedConformance


class HypervisorConformance(SnapshotConformance, UnmanagedConformance, Conformance):
    """The contract of :class:`cloudstack.contracts.hypervisor.HypervisorDriver` as tests."""

    graceful_timeout_s: float = 90.0
    event_timeout_s: float = 15.0
    _booted: ClassVar[VmSpec | None] = None
    _booted_on: ClassVar[HypervisorDriver | None] = None

    # -- what a subclass gives -------------------------------------------------------------------

    def make_driver(self) -> HypervisorDriver:
        """A driver of a host that works."""
        raise NotImplementedError

    def make_spec(self) -> VmSpec:
        """A new machine that can boot on that host; each call another one."""
        raise NotImplementedError

    def make_unreachable_driver(self) -> HypervisorDriver:
        """A driver of a host that does not answer."""
        raise NotImplementedError

    def make_target(self) -> HypervisorDriver:
        """A driver of a second host to which machines can move."""
        raise NotImplementedError

    def make_disk(self) -> DiskSpec:
        """A new data disk that the host can reach."""
        raise NotImplementedError

    def make_disc(self) -> DiskSpec:
        """A new disc that the host can reach."""
        raise NotImplementedError

    def make_nic(self) -> NicSpec:
        """A new network card on a bridge that the host has."""
        raise NotImplementedError

    def wait_until_up(self, driver: HypervisorDriver, spec: VmSpec) -> None:
        """Return when the guest of a started machine listens to its power button and to hotplug."""

    # -- fixtures --------------------------------------------------------------------------------

    @pytest.fixture
    def driver(self) -> HypervisorDriver:
        return self.make_driver()

    @pytest.fixture
    def machine(self, driver: HypervisorDriver) -> Iterator[VmSpec]:
        """A machine that is not started yet and is destroyed afterwards."""
        spec = self.make_spec()
        yield spec
        driver.destroy(spec.uuid)

    @pytest.fixture
    def running(self, driver: HypervisorDriver, machine: VmSpec) -> VmSpec:
        driver.start(machine)
        return machine

    @pytest.fixture
    def booted(self, driver: HypervisorDriver) -> VmSpec:
        """A machine whose guest is up. A boot takes its time, so the next test gets the same one if it still runs."""
        cls = type(self)
        if cls._booted is None or driver.power_state(cls._booted.uuid) is not PowerState.ON:
            if cls._booted is not None:
                driver.destroy(cls._booted.uuid)
            spec = self.make_spec()
            driver.start(spec)
            cls._booted, cls._booted_on = spec, driver
            self.wait_until_up(driver, spec)
        return cls._booted

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _take_down_what_was_booted(cls, request: pytest.FixtureRequest) -> Iterator[None]:
        yield
        suite = request.cls
        if suite._booted is not None:
            with contextlib.suppress(RuntimeError):  # a driver that keeps its machines in the database has none left
                suite._booted_on.destroy(suite._booted.uuid)
            suite._booted = suite._booted_on = None

    # -- the verbs that every driver has ---------------------------------------------------------

    def test_it_is_a_driver(self, driver: HypervisorDriver) -> None:
        assert isinstance(driver, HypervisorDriver)

    def test_facts_are_sensible(self, driver: HypervisorDriver) -> None:
        facts = driver.host_facts()
        assert facts.cpus >= 1
        assert facts.cpu_mhz >= 1
        assert facts.memory_mib >= 1

    def test_start_twice_is_one_machine(self, driver: HypervisorDriver, machine: VmSpec) -> None:
        before = set(driver.power_states())
        driver.start(machine)
        driver.start(machine)
        states = driver.power_states()
        assert set(states) - before == {machine.uuid}
        assert states[machine.uuid] is PowerState.ON

    def test_unknown_machine_is_absent(self, driver: HypervisorDriver) -> None:
        assert driver.power_state(str(uuid4())) is PowerState.ABSENT

    def test_forced_stop(self, driver: HypervisorDriver, running: VmSpec) -> None:
        driver.stop(running.uuid, force=True)
        assert driver.power_state(running.uuid) in (PowerState.OFF, PowerState.ABSENT)
        driver.stop(running.uuid, force=True)
        driver.stop(running.uuid)

    def test_stop_of_an_absent_machine_is_fine(self, driver: HypervisorDriver) -> None:
        driver.stop(str(uuid4()))
        driver.stop(str(uuid4()), force=True)

    def test_graceful_stop(self, driver: HypervisorDriver, booted: VmSpec) -> None:
        driver.stop(booted.uuid, timeout_s=self.graceful_timeout_s)
        assert driver.power_state(booted.uuid) in (PowerState.OFF, PowerState.ABSENT)

    def test_start_after_stop(self, driver: HypervisorDriver, running: VmSpec) -> None:
        driver.stop(running.uuid, force=True)
        driver.start(replace(running, cpus=1, memory_mib=running.memory_mib + 32))
        assert driver.power_state(running.uuid) is PowerState.ON

    def test_reboot_keeps_it_running(self, driver: HypervisorDriver, running: VmSpec) -> None:
        driver.reboot(running.uuid, force=True)
        assert driver.power_state(running.uuid) is PowerState.ON

    def test_reboot_of_an_absent_machine_is_refused(self, driver: HypervisorDriver) -> None:
        with pytest.raises(NotFound):
            driver.reboot(str(uuid4()))

    def test_destroy_twice(self, driver: HypervisorDriver, running: VmSpec) -> None:
        driver.destroy(running.uuid)
        driver.destroy(running.uuid)
        assert driver.power_state(running.uuid) is PowerState.ABSENT
        assert running.uuid not in driver.power_states()

    def test_validate_accepts_what_can_run(self, driver: HypervisorDriver, machine: VmSpec) -> None:
        driver.validate(machine)
        assert driver.power_state(machine.uuid) is PowerState.ABSENT

    @pytest.mark.parametrize(
        "nonsense",
        [{"cpus": 0}, {"cpus": 100_000}, {"memory_mib": 0}, {"memory_mib": 1 << 40}],
        ids=["no CPU", "too many CPUs", "no memory", "too much memory"],
    )
    def test_validate_refuses_nonsense(self, driver: HypervisorDriver, machine: VmSpec, nonsense: Any) -> None:
        with pytest.raises(InvalidSpec):
            driver.validate(replace(machine, **nonsense))

    def test_unreachable_host_is_worth_another_try(self) -> None:
        driver = self.make_unreachable_driver()
        for call in (driver.host_facts, driver.power_states, lambda: driver.start(self.make_spec())):
            with pytest.raises((DriverUnavailable, DriverTimeout)) as caught:
                call()
            assert caught.value.retryable

    # -- live migration --------------------------------------------------------------------------

    def test_migration_moves_the_machine_once(self, driver: Any, booted: VmSpec) -> None:
        target = self._other(driver)
        try:
            for _ in range(2):
                target.prepare_migration(booted)
                driver.migrate(booted, target.host)
                assert target.power_state(booted.uuid) is PowerState.ON
                assert driver.power_state(booted.uuid) is PowerState.ABSENT
        finally:
            target.destroy(booted.uuid)

    def test_migration_back(self, driver: Any, booted: VmSpec) -> None:
        target = self._other(driver)
        try:
            target.prepare_migration(booted)
            driver.migrate(booted, target.host)
            driver.prepare_migration(booted)
            target.migrate(booted, driver.host)
            assert driver.power_state(booted.uuid) is PowerState.ON
            assert target.power_state(booted.uuid) is PowerState.ABSENT
        finally:
            target.destroy(booted.uuid)

    def test_migration_of_an_absent_machine_is_refused(self, driver: Any, machine: VmSpec) -> None:
        target = self._other(driver)
        with pytest.raises(NotFound):
            driver.migrate(machine, target.host)

    # -- disks and network cards -----------------------------------------------------------------

    def test_disk_comes_and_goes(self, driver: HypervisorDriver, booted: VmSpec) -> None:
        hotplug = able(driver, SupportsDiskHotplug)
        disk = replace(self.make_disk(), device_id=1)
        for verb in (hotplug.attach_disk, hotplug.detach_disk):
            verb(booted.uuid, disk)
            verb(booted.uuid, disk)
        hotplug.attach_disk(booted.uuid, disk)
        assert driver.power_state(booted.uuid) is PowerState.ON
        hotplug.detach_disk(booted.uuid, disk)

    def test_disk_grows_while_it_is_used(self, driver: HypervisorDriver, booted: VmSpec) -> None:
        hotplug = able(driver, SupportsDiskHotplug)
        disk = replace(self.make_disk(), device_id=1)
        hotplug.attach_disk(booted.uuid, disk)
        larger = replace(disk, size_bytes=disk.size_bytes * 2)
        hotplug.resize_disk(booted.uuid, larger)
        hotplug.resize_disk(booted.uuid, larger)
        hotplug.detach_disk(booted.uuid, larger)

    def test_attach_to_an_absent_machine_is_refused(self, driver: HypervisorDriver) -> None:
        hotplug = able(driver, SupportsDiskHotplug)
        with pytest.raises(NotFound):
            hotplug.attach_disk(str(uuid4()), replace(self.make_disk(), device_id=1))

    def test_detach_from_an_absent_machine_is_fine(self, driver: HypervisorDriver) -> None:
        able(driver, SupportsDiskHotplug).detach_disk(str(uuid4()), replace(self.make_disk(), device_id=1))

    # -- discs -----------------------------------------------------------------------------------

    def test_discs_change_while_it_runs(self, driver: HypervisorDriver, running: VmSpec) -> None:
        drive = able(driver, SupportsDiscs)
        for disc in (self.make_disc(), self.make_disc()):
            for _ in range(2):
                drive.insert_disc(running.uuid, disc)
                assert drive.disc_in_drive(running.uuid) == disc.uuid
        for force in (False, True):
            drive.eject_disc(running.uuid, force=force)
            assert drive.disc_in_drive(running.uuid) == ""
        assert driver.power_state(running.uuid) is PowerState.ON

    def test_a_machine_starts_with_a_disc(self, driver: HypervisorDriver, machine: VmSpec) -> None:
        drive = able(driver, SupportsDiscs)
        disc = self.make_disc()
        driver.start(replace(machine, disks=(*machine.disks, disc)))
        assert drive.disc_in_drive(machine.uuid) == disc.uuid
        drive.eject_disc(machine.uuid, force=True)
        assert drive.disc_in_drive(machine.uuid) == ""

    def test_the_drive_of_an_absent_machine(self, driver: HypervisorDriver) -> None:
        drive = able(driver, SupportsDiscs)
        drive.eject_disc(str(uuid4()))
        with pytest.raises(NotFound):
            drive.insert_disc(str(uuid4()), self.make_disc())
        with pytest.raises(NotFound):
            drive.disc_in_drive(str(uuid4()))

    def test_nic_comes_and_goes(self, driver: HypervisorDriver, booted: VmSpec) -> None:
        hotplug = able(driver, SupportsNicHotplug)
        nic = replace(self.make_nic(), device_id=1)
        for verb in (hotplug.attach_nic, hotplug.detach_nic):
            verb(booted.uuid, nic)
            verb(booted.uuid, nic)
        assert driver.power_state(booted.uuid) is PowerState.ON

    # -- what it tells ---------------------------------------------------------------------------

    def test_statistics_never_run_backwards(self, driver: HypervisorDriver, booted: VmSpec) -> None:
        source = able(driver, SupportsStatistics)
        first = source.statistics()[booted.uuid]
        second = source.statistics()[booted.uuid]
        assert first.uuid == booted.uuid
        for counter in ("cpu_time_ns", "net_rx_bytes", "net_tx_bytes", "disk_read_bytes", "disk_write_bytes"):
            assert 0 <= getattr(first, counter) <= getattr(second, counter), counter
        assert 0 <= first.memory_used_mib <= booted.memory_mib

    def test_statistics_leave_out_what_is_off(self, driver: HypervisorDriver, running: VmSpec) -> None:
        source = able(driver, SupportsStatistics)
        driver.stop(running.uuid, force=True)
        assert running.uuid not in source.statistics()

    def test_recent_use_is_of_running_machines(self, driver: HypervisorDriver, running: VmSpec) -> None:
        source = able(driver, SupportsRecentUse)
        found = source.recent_use(60)[running.uuid]
        assert found.uuid == running.uuid
        for figure in ("cpu_time_ns", "net_rx_bytes", "net_tx_bytes", "disk_read_bytes", "disk_write_bytes"):
            assert getattr(found, figure) >= 0, figure
        assert 0 <= found.memory_used_mib <= running.memory_mib
        driver.stop(running.uuid, force=True)
        assert running.uuid not in source.recent_use(60)

    def test_many_hosts_tell_at_once_what_each_tells_alone(self, driver: HypervisorDriver, running: VmSpec) -> None:
        many = able(driver, SupportsManyHosts)
        other = self.make_target()
        refs = [driver.host, other.host]
        for one in (driver, other):
            assert many.facts_of_hosts(refs)[one.host.uuid] == one.host_facts()
            assert many.power_states_of_hosts(refs)[one.host.uuid] == one.power_states()
            told = many.statistics_of_hosts(refs)[one.host.uuid]
            assert told.keys() == able(one, SupportsStatistics).statistics().keys()
            assert (running.uuid in told) is (one is driver)
            load = many.loads_of_hosts(refs)[one.host.uuid]
            assert load.memory_used_mib == able(one, SupportsHostLoad).host_load().memory_used_mib
        gone = self.make_unreachable_driver().host
        assert gone.uuid not in many.facts_of_hosts([driver.host, gone]), "a host that does not answer is left out"

    def test_power_changes_are_reported(self, driver: HypervisorDriver, machine: VmSpec) -> None:
        watcher = able(driver, SupportsPowerEvents)
        reports: list[tuple[str, str, PowerState]] = []
        done = threading.Event()
        thread = threading.Thread(
            target=watcher.watch_power, args=(lambda *report: reports.append(report), done.is_set), daemon=True
        )
        thread.start()
        time.sleep(1)  # the contract has no word for "now I listen"
        try:
            driver.start(machine)
            wait_for(lambda: (driver.host.uuid, machine.uuid, PowerState.ON) in reports, self.event_timeout_s)
            driver.stop(machine.uuid, force=True)
            wait_for(lambda: reports[-1][2] in (PowerState.OFF, PowerState.ABSENT), self.event_timeout_s)
        finally:
            done.set()
            thread.join(self.event_timeout_s)
        assert not thread.is_alive()

    def _other(self, driver: HypervisorDriver) -> Any:
        able(driver, SupportsLiveMigration)
        return self.make_target()


def wait_for(condition: Callable[[], bool], timeout_s: float) -> None:
    """Wait until ``condition()`` holds; fails the test after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s"
        time.sleep(0.1)
