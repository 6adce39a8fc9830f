"""The suite that every network element passes, on the distributed switch of a vCenter."""

import dataclasses

import pytest

from cloudstack.contracts.host import HostRef
from cloudstack.contracts.network import NetworkSpec
from cloudstack.testing.network import NetworkElementConformance
from plugins.hypervisors.vmware.networks import DistributedSwitch
from tests.integration.vmware.conftest import Center

pytestmark = pytest.mark.lab


class TestDistributedSwitch(NetworkElementConformance):
    @pytest.fixture(autouse=True)
    def _center(self, center: Center) -> None:
        self.center = center

    def make_element(self) -> DistributedSwitch:
        return DistributedSwitch()

    def make_host(self) -> HostRef:
        return self.center.host(0)

    def make_other_host(self) -> HostRef:
        return self.center.host(1)

    def make_unreachable_host(self) -> HostRef:
        return dataclasses.replace(self.center.host(0), url="https://127.0.0.1:9/DC0/DC0_C0/DC0_C0_H0")

    def make_network(self, number: int) -> NetworkSpec:
        """Numbers of networks are VLANs here."""
        return dataclasses.replace(super().make_network(number), vni=3000 + number)
