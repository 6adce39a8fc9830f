"""A vCenter's clusters are found as the contract says."""

from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from cloudstack.contracts.clusters import ClusterRef
from cloudstack.testing.discovery import HostDiscoveryConformance
from plugins.hypervisors.vmware.discovery import ClusterDiscovery
from tests.integration.vmware.conftest import HOSTS, Center


class TestClusterDiscovery(HostDiscoveryConformance):
    @pytest.fixture(autouse=True)
    def vcenter(self, center: Center) -> None:
        host = center.host()
        self.cluster = ClusterRef(
            uuid=str(uuid4()),
            name="cluster",
            hypervisor="VMware",
            url=host.url.rpartition("/")[0],
            details=host.details,
            secrets=host.secrets,
        )

    def make_discovery(self) -> ClusterDiscovery:
        return ClusterDiscovery(self.cluster)

    def make_misplaced_discovery(self) -> ClusterDiscovery:
        return ClusterDiscovery(replace(self.cluster, url=f"{self.cluster.url.rpartition('/')[0]}/nowhere"))

    def make_unreachable_discovery(self) -> ClusterDiscovery:
        parts = urlsplit(self.cluster.url)
        return ClusterDiscovery(replace(self.cluster, url=f"{parts.scheme}://127.0.0.1:1{parts.path}"))

    def test_these_are_the_hosts_of_the_simulator(self) -> None:
        assert [host.name for host in self.make_discovery().find_hosts()] == list(HOSTS)
