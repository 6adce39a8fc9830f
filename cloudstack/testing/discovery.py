"""What everything that finds the hosts of a cluster must do: subclass, override the ``make_…`` methods."""

import pytest

from cloudstack.contracts.clusters import HostDiscovery
from cloudstack.contracts.errors import DriverTimeout, DriverUnavailable, InvalidSpec
from cloudstack.testing.abilities import Conformance


class HostDiscoveryConformance(Conformance):
    """The contract of :class:`cloudstack.contracts.clusters.HostDiscovery` as tests."""

    # -- what a subclass gives -------------------------------------------------------------------

    def make_discovery(self) -> HostDiscovery:
        """For a cluster with at least one host."""
        raise NotImplementedError

    def make_misplaced_discovery(self) -> HostDiscovery:
        """For an address at which the manager knows no cluster."""
        raise NotImplementedError

    def make_unreachable_discovery(self) -> HostDiscovery:
        """For a manager that does not answer."""
        raise NotImplementedError

    # -- the verb --------------------------------------------------------------------------------

    def test_it_is_a_discovery(self) -> None:
        assert isinstance(self.make_discovery(), HostDiscovery)

    def test_hosts_have_names_and_addresses_of_their_own(self) -> None:
        found = list(self.make_discovery().find_hosts())
        assert found, "the cluster has a host"
        for values in ([host.name for host in found], [host.url for host in found]):
            assert all(values) and len(set(values)) == len(found)

    def test_no_address_holds_a_secret(self) -> None:
        discovery = self.make_discovery()
        hidden = [value for value in discovery.cluster.secrets.values() if len(value) > 3]
        assert not [host.url for host in discovery.find_hosts() for value in hidden if f":{value}@" in host.url]

    def test_the_same_hosts_are_found_again(self) -> None:
        assert list(self.make_discovery().find_hosts()) == list(self.make_discovery().find_hosts())

    def test_an_address_that_names_no_cluster_is_refused(self) -> None:
        with pytest.raises(InvalidSpec):
            self.make_misplaced_discovery().find_hosts()

    def test_a_manager_that_does_not_answer_is_worth_another_try(self) -> None:
        with pytest.raises((DriverUnavailable, DriverTimeout)) as caught:
            self.make_unreachable_discovery().find_hosts()
        assert caught.value.retryable
