"""What drivers that take machines over must do; part of the suite in ``cloudstack.testing.hypervisor``."""

from uuid import uuid4

import pytest

from cloudstack.contracts.errors import NotFound
from cloudstack.contracts.hypervisor import HypervisorDriver, PowerState, VmSpec
from cloudstack.contracts.unmanaged import SupportsUnmanagedMachines
from cloudstack.testing.abilities import able


class UnmanagedConformance:
    """The contract of :class:`cloudstack.contracts.unmanaged.SupportsUnmanagedMachines` as tests."""

    def test_machine_is_given_back_and_taken_over(self, driver: HypervisorDriver, running: VmSpec) -> None:
        taker = able(driver, SupportsUnmanagedMachines)
        assert running.uuid not in taker.unmanaged_machines()
        for _ in range(2):
            taker.release_machine(running.uuid)
        found = taker.unmanaged_machines()[running.uuid]
        assert (found.uuid, found.cpus, found.memory_mib) == (running.uuid, running.cpus, running.memory_mib)
        assert found.power is PowerState.ON
        assert [(disk.path, disk.size_bytes) for disk in found.disks] == [
            (disk.path, disk.size_bytes) for disk in running.disks
        ]
        assert [(nic.mac, nic.network) for nic in found.nics] == [(nic.mac, nic.bridge) for nic in running.nics]
        for _ in range(2):
            assert taker.import_machine(running.uuid, running.name).uuid == running.uuid
        assert running.uuid not in taker.unmanaged_machines()
        assert driver.power_state(running.uuid) is PowerState.ON

    def test_machine_that_is_not_there_is_not_taken_over(self, driver: HypervisorDriver) -> None:
        taker = able(driver, SupportsUnmanagedMachines)
        taker.release_machine(str(uuid4()))
        with pytest.raises(NotFound):
            taker.import_machine(str(uuid4()), "i-2-3-VM")
