"""One address is never in two hands; what cannot be given is refused in words that help."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from hypothesis import settings as hypothesis_settings
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.strategies import integers

from apps.network.factories import NetworkFactory
from apps.network.models import IpAllocation, MacAllocation, Network, VlanIpRange
from apps.network.services.addresses import (
    change_nic_address,
    free_nic,
    hold_address,
    hold_mac,
    parse_mac,
    reserve_nic,
    spans_of,
)
from apps.network.services.addressing import Span, dotted
from apps.network.services.numbers import next_gap
from apps.network.states import IpPurpose, NetworkState
from cloudstack.framework.errors import InsufficientAddressCapacity, InvalidParameter, ResourceInUse

pytestmark = pytest.mark.django_db


def small_network(**options) -> Network:
    """Six addresses: .1 is the gateway, .2 the server, four are for guests."""
    return NetworkFactory(cidr="10.9.9.0/29", **options)


def test_a_card_gets_an_address_and_a_mac() -> None:
    network = small_network()
    address = reserve_nic(network=network, nic_uuid=uuid.uuid4())
    assert address.ipv4 in {"10.9.9.3", "10.9.9.4", "10.9.9.5", "10.9.9.6", "10.9.9.2"}
    assert address.ipv4 not in (network.gateway, network.dhcp_server)
    assert (address.netmask, address.gateway) == ("255.255.255.248", "10.9.9.1")
    assert address.mac.startswith("02:")


def test_the_same_card_gets_the_same_again() -> None:
    network, nic = small_network(), uuid.uuid4()
    assert reserve_nic(network=network, nic_uuid=nic) == reserve_nic(network=network, nic_uuid=nic)
    assert IpAllocation.objects.filter(holder_uuid=nic).count() == 1


def test_all_addresses_are_given_once_and_then_none() -> None:
    network = small_network()
    given = {reserve_nic(network=network, nic_uuid=uuid.uuid4()).ipv4 for _ in range(4)}
    assert len(given | {network.gateway, network.dhcp_server}) == 6
    with pytest.raises(InsufficientAddressCapacity, match="no free address") as refusal:
        reserve_nic(network=network, nic_uuid=uuid.uuid4())
    assert (refusal.value.code, refusal.value.cs_code) == (533, 4320)


def test_a_freed_address_is_given_again() -> None:
    network = small_network()
    nics = [uuid.uuid4() for _ in range(4)]
    addresses = {nic: reserve_nic(network=network, nic_uuid=nic).ipv4 for nic in nics}
    free_nic(nic_uuid=nics[2])
    free_nic(nic_uuid=nics[2])
    assert reserve_nic(network=network, nic_uuid=uuid.uuid4()).ipv4 == addresses[nics[2]]
    assert not MacAllocation.objects.filter(holder_uuid=nics[2]).exists()


def test_an_address_can_be_asked_for() -> None:
    network = small_network()
    assert reserve_nic(network=network, nic_uuid=uuid.uuid4(), requested_ip="10.9.9.5").ipv4 == "10.9.9.5"
    with pytest.raises(ResourceInUse, match=r"10\.9\.9\.5"):
        reserve_nic(network=network, nic_uuid=uuid.uuid4(), requested_ip="10.9.9.5")


@pytest.mark.parametrize("wish", ["10.9.9.1", "10.9.9.0", "10.9.9.7", "10.9.8.3", "nonsense", "10.9.9.3.4"])
def test_an_address_that_the_network_cannot_give_is_refused(wish: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        reserve_nic(network=small_network(), nic_uuid=uuid.uuid4(), requested_ip=wish)
    assert refusal.value.parameter == "ipaddress"


def test_the_servers_address_is_taken() -> None:
    network = small_network()
    with pytest.raises(ResourceInUse):
        reserve_nic(network=network, nic_uuid=uuid.uuid4(), requested_ip=network.dhcp_server)


def test_an_l2_network_gives_no_addresses() -> None:
    network = NetworkFactory(l2=True)
    address = reserve_nic(network=network, nic_uuid=uuid.uuid4())
    assert (address.ipv4, address.gateway) == ("", "")
    assert address.mac
    with pytest.raises(InvalidParameter, match="gives no addresses"):
        reserve_nic(network=network, nic_uuid=uuid.uuid4(), requested_ip="10.1.1.5")


def test_a_shared_network_gives_addresses_of_all_its_ranges_and_no_others() -> None:
    network = NetworkFactory(shared=True, cidr="198.51.100.0/24")
    VlanIpRange.objects.all().delete()
    IpAllocation.objects.all().delete()
    for first, last in ((20, 21), (40, 40)):
        VlanIpRange.objects.create(
            network=network,
            physical_network=network.physical_network,
            start_ip=f"198.51.100.{first}",
            end_ip=f"198.51.100.{last}",
            start_number=0xC6336400 + first,
            end_number=0xC6336400 + last,
            gateway=network.gateway,
            netmask=network.netmask,
        )
    given = sorted(reserve_nic(network=network, nic_uuid=uuid.uuid4()).ipv4 for _ in range(3))
    assert given == ["198.51.100.20", "198.51.100.21", "198.51.100.40"]
    with pytest.raises(InvalidParameter, match=r"198\.51\.100\.20-198\.51\.100\.21, 198\.51\.100\.40"):
        reserve_nic(network=network, nic_uuid=uuid.uuid4(), requested_ip="198.51.100.22")


def test_two_networks_may_give_the_same_address() -> None:
    for network in (small_network(), small_network()):
        assert reserve_nic(network=network, nic_uuid=uuid.uuid4(), requested_ip="10.9.9.4").ipv4 == "10.9.9.4"


def test_the_database_itself_refuses_a_doubled_address() -> None:
    network = small_network()
    row = hold_address(network=network, holder_uuid=uuid.uuid4())
    with pytest.raises(IntegrityError), transaction.atomic():
        IpAllocation.objects.create(
            network=network,
            number=row.number,
            address=row.address,
            holder_uuid=uuid.uuid4(),
            purpose=IpPurpose.SECONDARY,
        )


def test_a_network_that_is_being_deleted_gives_nothing() -> None:
    network = small_network()
    Network.objects.filter(pk=network.pk).update(state=NetworkState.DESTROY)
    with pytest.raises(InvalidParameter, match="being deleted"), transaction.atomic():
        reserve_nic(network=network, nic_uuid=uuid.uuid4())
    assert not MacAllocation.objects.filter(network=network).exists()


def test_a_card_can_change_its_address_and_keeps_it_when_it_cannot() -> None:
    network, nic, other = small_network(), uuid.uuid4(), uuid.uuid4()
    reserve_nic(network=network, nic_uuid=nic, requested_ip="10.9.9.3")
    reserve_nic(network=network, nic_uuid=other, requested_ip="10.9.9.4")
    assert change_nic_address(network=network, nic_uuid=nic, requested="10.9.9.5").address == "10.9.9.5"
    with pytest.raises(ResourceInUse):
        change_nic_address(network=network, nic_uuid=nic, requested="10.9.9.4")
    assert IpAllocation.objects.get(holder_uuid=nic).address == "10.9.9.5"


def test_a_mac_can_be_asked_for_once() -> None:
    network = small_network()
    assert (
        reserve_nic(network=network, nic_uuid=uuid.uuid4(), requested_mac="02-AB-00-00-00-01").mac
        == "02:ab:00:00:00:01"
    )
    with pytest.raises(ResourceInUse, match="in use"):
        hold_mac(network=network, holder_uuid=uuid.uuid4(), requested="02:ab:00:00:00:01")


@pytest.mark.parametrize(
    "text", ["", "02:00:00:00:00", "01:00:5e:00:00:01", "00:00:00:00:00:00", "gg:00:00:00:00:01", "0200:00:00:00:00:01"]
)
def test_what_is_no_mac_of_a_card_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_mac(text)


def test_the_next_gap_is_found_along_runs() -> None:
    network = small_network()
    IpAllocation.objects.all().delete()
    for number in (10, 11, 12, 14, 15):
        IpAllocation.objects.create(network=network, number=number, address=dotted(number), holder_uuid=uuid.uuid4())
    held = IpAllocation.objects.filter(network=network)
    assert next_gap(held, "number", Span(9, 20)) == 9
    assert next_gap(held, "number", Span(10, 20)) == 13
    assert next_gap(held, "number", Span(14, 20)) == 16
    assert next_gap(held, "number", Span(10, 12)) is None
    assert next_gap(held, "number", Span(14, 15)) is None


class Addresses(RuleBasedStateMachine):
    """Any order of taking, asking and freeing keeps the books right."""

    @initialize()
    def start(self) -> None:
        self.network = small_network()
        self.held: dict[uuid.UUID, str] = {}
        self.all = {dotted(number) for span in spans_of(self.network) for number in range(span.first, span.last + 1)}
        self.all.discard(self.network.dhcp_server)

    @rule()
    def take(self) -> None:
        nic = uuid.uuid4()
        free = self.all - set(self.held.values())
        try:
            address = reserve_nic(network=self.network, nic_uuid=nic).ipv4
        except InsufficientAddressCapacity:
            assert not free
            free_nic(nic_uuid=nic)
            return
        assert address in free
        self.held[nic] = address

    @rule(last=integers(0, 9))
    def ask(self, last: int) -> None:
        nic, wish = uuid.uuid4(), f"10.9.9.{last}"
        try:
            with transaction.atomic():
                address = reserve_nic(network=self.network, nic_uuid=nic, requested_ip=wish).ipv4
        except InvalidParameter:
            assert wish not in self.all and wish != self.network.dhcp_server
        except ResourceInUse:
            assert wish in self.held.values() or wish == self.network.dhcp_server
        else:
            assert address == wish
            self.held[nic] = wish

    @rule(index=integers(0, 9))
    def free(self, index: int) -> None:
        if self.held:
            nic = sorted(self.held)[index % len(self.held)]
            free_nic(nic_uuid=nic)
            del self.held[nic]

    @invariant()
    def books_are_right(self) -> None:
        if not hasattr(self, "held"):
            return
        rows = IpAllocation.objects.filter(network=self.network, purpose=IpPurpose.NIC)
        assert dict(rows.values_list("holder_uuid", "address")) == self.held
        assert len(set(self.held.values())) == len(self.held)


class TestAddresses(TestCase, Addresses.TestCase):
    settings = hypothesis_settings(max_examples=25, stateful_step_count=25, deadline=None)
