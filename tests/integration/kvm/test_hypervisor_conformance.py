"""The KVM driver against real libvirt hosts: what every driver must do."""

from dataclasses import replace

import pytest

from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, VmSpec
from cloudstack.testing.hypervisor import HypervisorConformance

pytest.importorskip("libvirt", reason="libvirt-python is not installed")

from plugins.hypervisors.kvm.driver import KvmDriver

pytestmark = [pytest.mark.lab, pytest.mark.slow]


class TestKvmDriver(HypervisorConformance):
    @pytest.fixture(autouse=True)
    def _lab(self, kvm_lab, guests):
        self.lab, self.guests = kvm_lab, guests

    def make_driver(self) -> KvmDriver:
        return KvmDriver(self.lab.host(1))

    def make_target(self) -> KvmDriver:
        return KvmDriver(self.lab.host(2))

    def make_unreachable_driver(self) -> KvmDriver:
        nowhere = "qemu+unix:///system?socket=/nonexistent/libvirt-sock"
        return KvmDriver(HostRef(uuid=self.lab.host(1).uuid, name="nowhere", hypervisor="KVM", url=nowhere))

    def make_spec(self) -> VmSpec:
        return self.guests.machine()

    def make_disk(self) -> DiskSpec:
        return self.guests.disk()

    def make_disc(self) -> DiskSpec:
        return self.guests.disc()

    def make_nic(self) -> NicSpec:
        return self.guests.nic()

    def wait_until_up(self, driver: KvmDriver, spec: VmSpec) -> None:
        number = 1 if driver.host.uuid == self.lab.host(1).uuid else 2
        self.lab.wait_until_ready(number, spec.uuid)

    # -- what only this driver promises ----------------------------------------------------------

    def test_migration_between_the_hosts_themselves(self, driver: KvmDriver, booted: VmSpec) -> None:
        target = KvmDriver(self.lab.host(2, libvirt_migrate_uri=self.lab.status["hosts"][1]["migration_uri"]))
        try:
            target.prepare_migration(booted)
            driver.migrate(booted, target.host)
            assert booted.uuid in target.power_states()
        finally:
            target.destroy(booted.uuid)

    def test_nothing_is_left_on_the_host(self, driver: KvmDriver, running: VmSpec) -> None:
        seed = self.lab.file(1, f"/var/lib/libvirt/cloudstack-seeds/seed-{running.uuid}.iso")
        console = self.lab.file(1, f"/var/log/libvirt/cloudstack-consoles/console-{running.uuid}.log")
        assert seed.exists()
        assert console.exists()
        driver.destroy(running.uuid)
        assert not seed.exists()
        assert not console.exists()

    def test_local_disk_does_not_move(self, driver: KvmDriver, running: VmSpec) -> None:
        from cloudstack.contracts.errors import InvalidSpec

        local = replace(running, disks=(replace(running.disks[0], pool_type="Filesystem"),))
        with pytest.raises(InvalidSpec, match="local disk"):
            driver.migrate(local, self.lab.host(2))
