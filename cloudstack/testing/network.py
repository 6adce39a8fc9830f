"""What every network element must do: subclass, override the ``make_…`` methods, run by pytest."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.network import (
    SERVICE_OF_RULE,
    GuestNic,
    NetworkElement,
    NetworkSpec,
    RuleKind,
    RuleSpec,
    Service,
    SupportsRules,
)
from cloudstack.testing.abilities import Conformance, able


class NetworkElementConformance(Conformance):
    """The contract of :class:`cloudstack.contracts.network.NetworkElement` as tests."""

    # -- what a subclass gives -------------------------------------------------------------------

    def make_element(self) -> NetworkElement:
        """The element, as the core makes it."""
        raise NotImplementedError

    def make_host(self) -> HostRef:
        """A host that works: the one that carries the services. Each call of one test names the same."""
        raise NotImplementedError

    def make_other_host(self) -> HostRef:
        """A second host that works."""
        raise NotImplementedError

    def make_unreachable_host(self) -> HostRef:
        """A host (or whatever stands for one with this element) that does not answer."""
        raise NotImplementedError

    def make_network(self, number: int) -> NetworkSpec:
        """A new network with addresses; ``number`` is 1 or 2, for two networks that do not overlap."""
        return NetworkSpec(
            uuid=str(uuid4()),
            name=f"net-{number}",
            guest_type="Isolated",
            vni=5000 + number,
            cidr=f"10.1.{number}.0/24",
            gateway=f"10.1.{number}.1",
            dhcp_server=f"10.1.{number}.2",
            dns=("192.0.2.53",),
            domain="cloud.example",
            underlay="guest0",
        )

    def connect(self, network: NetworkSpec, host: HostRef) -> NetworkSpec:
        """Have ``network`` on ``host`` as the core does before this element is asked for its services.

        An element that connects networks does it itself; one that needs another's bridge makes it here.
        """
        bridge = self.make_element().prepare_host(network, host)
        return replace(network, bridge=bridge) if bridge else network

    def disconnect(self, network: NetworkSpec, host: HostRef) -> None:
        """Take back what ``connect`` did."""
        self.make_element().release_host(network, host)

    def guests_of(self, network: NetworkSpec, host: HostRef) -> Mapping[str, str] | None:
        """Card's MAC → address, as the system under the element knows it; None when there is nothing to look at."""
        return None

    def rules_of(self, network: NetworkSpec, host: HostRef) -> set[str] | None:
        """UUIDs of the rules that hold in the network; None when there is nothing to look at."""
        return None

    # -- fixtures --------------------------------------------------------------------------------

    @pytest.fixture
    def element(self) -> NetworkElement:
        return self.make_element()

    def _up(self, number: int = 1) -> tuple[NetworkSpec, HostRef]:
        host = self.make_host()
        network = self.connect(self.make_network(number), host)
        self.make_element().implement(network, host)
        return network, host

    def _down(self, network: NetworkSpec, host: HostRef) -> None:
        self.make_element().shutdown(network, host)
        self.disconnect(network, host)

    # -- what it is ------------------------------------------------------------------------------

    def test_it_is_an_element(self, element: NetworkElement) -> None:
        assert isinstance(element, NetworkElement)
        assert element.name and element.services
        assert all(isinstance(service, Service) for service in element.services)

    def test_it_is_made_without_arguments(self, element: NetworkElement) -> None:
        assert type(element)().name == element.name

    def test_services_of_rules_mean_that_rules_can_be_applied(self, element: NetworkElement) -> None:
        if element.services & set(SERVICE_OF_RULE.values()):
            assert isinstance(element, SupportsRules)

    def test_only_who_connects_networks_names_a_bridge(self, element: NetworkElement) -> None:
        network, host = self.make_network(1), self.make_host()
        first = element.prepare_host(network, host)
        assert bool(first) is (Service.CONNECTIVITY in element.services)
        assert element.prepare_host(network, host) == first
        other = self.make_other_host()
        assert bool(element.prepare_host(network, other)) is bool(first)
        element.release_host(network, other)
        element.release_host(network, host)

    # -- a network's life ------------------------------------------------------------------------

    def test_every_verb_may_come_twice(self, element: NetworkElement) -> None:
        host = self.make_host()
        network = self.connect(self.make_network(1), host)
        card = _card(1, 9)
        for _ in range(2):
            element.implement(network, host)
        for _ in range(2):
            element.prepare_nic(network, card, host)
        for _ in range(2):
            element.release_nic(network, card, host)
        for _ in range(2):
            element.shutdown(network, host)
        for _ in range(2):
            self.disconnect(network, host)

    def test_what_never_was_goes_without_a_word(self, element: NetworkElement) -> None:
        network, host = self.make_network(1), self.make_host()
        element.release_nic(network, _card(1, 9), host)
        element.shutdown(network, host)
        element.release_host(network, host)

    def test_a_network_comes_back_after_it_was_shut_down(self, element: NetworkElement) -> None:
        network, host = self._up()
        element.prepare_nic(network, _card(1, 9), host)
        self._down(network, host)
        network = self.connect(network, host)
        element.implement(network, host)
        element.prepare_nic(network, _card(1, 9), host)
        self._told(network, host, {1: [9]})
        element.release_nic(network, _card(1, 9), host)
        self._down(network, host)

    def test_a_network_without_addresses_is_fine(self, element: NetworkElement) -> None:
        host, empty = self.make_host(), {"cidr": "", "gateway": "", "dhcp_server": "", "dns": ()}
        network = self.connect(replace(self.make_network(1), guest_type="L2", **empty), host)
        element.implement(network, host)
        card = replace(_card(1, 9), ipv4="")
        element.prepare_nic(network, card, host)
        element.release_nic(network, card, host)
        self._down(network, host)

    # -- guests ----------------------------------------------------------------------------------

    def test_guests_come_and_go_one_by_one(self, element: NetworkElement) -> None:
        network, host = self._up()
        for last in (9, 10):
            element.prepare_nic(network, _card(1, last), host)
        element.implement(network, host)
        self._told(network, host, {1: [9, 10]})
        element.release_nic(network, _card(1, 9), host)
        self._told(network, host, {1: [10]})
        element.release_nic(network, _card(1, 10), host)
        self._told(network, host, {1: []})
        self._down(network, host)

    def test_a_guest_may_change_its_address(self, element: NetworkElement) -> None:
        network, host = self._up()
        card = _card(1, 9)
        element.prepare_nic(network, card, host)
        element.prepare_nic(network, replace(card, ipv4="10.1.1.77"), host)
        known = self.guests_of(network, host)
        assert known is None or known == {card.mac: "10.1.1.77"}
        element.release_nic(network, card, host)
        self._down(network, host)

    def test_networks_do_not_touch_each_other(self, element: NetworkElement) -> None:
        first, host = self._up(1)
        second, _ = self._up(2)
        element.prepare_nic(first, _card(1, 9), host)
        element.prepare_nic(second, _card(2, 9), host)
        element.release_nic(first, _card(1, 9), host)
        self._down(first, host)
        self._told(second, host, {2: [9]})
        element.release_nic(second, _card(2, 9), host)
        self._down(second, host)

    # -- rules -----------------------------------------------------------------------------------

    def test_rules_that_are_applied_are_all_there_are(self, element: NetworkElement) -> None:
        ruler = able(element, SupportsRules)
        network, host = self._up()
        kinds = [kind for kind in RuleKind if SERVICE_OF_RULE[kind] in element.services]
        rules = tuple(_rule(kind, number) for number, kind in enumerate(kinds))
        for wanted in (rules, rules, rules[:1], ()):
            ruler.apply_rules(network, wanted, host)
            known = self.rules_of(network, host)
            assert known is None or known == {rule.uuid for rule in wanted}
        self._down(network, host)

    # -- trouble ---------------------------------------------------------------------------------

    def test_unreachable_host_is_worth_another_try(self, element: NetworkElement) -> None:
        dead, refused = self.make_unreachable_host(), 0
        network = replace(self.make_network(1), bridge="brvx-5001")
        calls: list[Callable[[], Any]] = [
            lambda: element.prepare_host(network, dead),
            lambda: element.implement(network, dead),
            lambda: element.prepare_nic(network, _card(1, 9), dead),
        ]
        for call in calls:
            try:
                call()
            except DriverError as error:
                assert error.retryable, error
                refused += 1
        assert refused, "nothing that it did needed the host"

    def _told(self, network: NetworkSpec, host: HostRef, cards: Mapping[int, list[int]]) -> None:
        """The system under the element knows these cards and no others."""
        known = self.guests_of(network, host)
        wanted = {_card(number, last).mac: _card(number, last).ipv4 for number in cards for last in cards[number]}
        assert known is None or known == wanted


def _card(number: int, last: int) -> GuestNic:
    return GuestNic(mac=f"02:00:00:00:{number:02x}:{last:02x}", ipv4=f"10.1.{number}.{last}", hostname=f"vm-{last}")


def _rule(kind: RuleKind, number: int) -> RuleSpec:
    """One of each kind that fits ``make_network(1)``."""
    ports = {"start_port": 8000 + number, "end_port": 8000 + number}
    rule = RuleSpec(uuid=str(uuid4()), kind=kind, protocol="tcp", public_ip="203.0.113.7", **ports)
    if kind is RuleKind.EGRESS:
        return replace(rule, public_ip="", sources=("10.1.1.0/24",), destinations=("0.0.0.0/0",))
    if kind is RuleKind.PORT_FORWARDING:
        return replace(rule, private_ip="10.1.1.9", private_start_port=80, private_end_port=80)
    if kind is RuleKind.STATIC_NAT:
        return replace(rule, protocol="all", public_ip="203.0.113.8", start_port=0, end_port=0, private_ip="10.1.1.9")
    return replace(rule, sources=("0.0.0.0/0",))
