"""The suite that every hypervisor passes, against a vCenter."""

import dataclasses

import pytest

from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, VmSpec
from cloudstack.testing.hypervisor import HypervisorConformance
from plugins.hypervisors.vmware.driver import VmwareDriver
from tests.integration.vmware.conftest import Center

pytestmark = pytest.mark.lab


class TestVmware(HypervisorConformance):
    @pytest.fixture(autouse=True)
    def _center(self, center: Center) -> None:
        self.center = center

    def make_driver(self) -> VmwareDriver:
        return VmwareDriver(self.center.host(0))

    def make_target(self) -> VmwareDriver:
        return VmwareDriver(self.center.host(1))

    def make_unreachable_driver(self) -> VmwareDriver:
        here = self.center.host(0)
        return VmwareDriver(dataclasses.replace(here, url="https://127.0.0.1:9/DC0/DC0_C0/DC0_C0_H0"))

    def make_spec(self) -> VmSpec:
        return self.center.machine()

    def make_disk(self) -> DiskSpec:
        return self.center.disk()

    def make_disc(self) -> DiskSpec:
        return self.center.disc()

    def make_nic(self) -> NicSpec:
        return self.center.nic()
