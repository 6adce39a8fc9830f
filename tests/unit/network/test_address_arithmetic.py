"""Ranges of numbers, and what counts as a guest network."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.network.services.addressing import (
    Span,
    check_is_private,
    host_span,
    parse_address,
    parse_cidr,
    parse_network,
    random_start,
    without,
)
from cloudstack.framework.errors import InvalidParameter

spans = st.lists(
    st.builds(lambda first, length: Span(first, first + length), st.integers(0, 400), st.integers(-1, 60)), max_size=5
)


@given(spans, st.sets(st.integers(0, 500), max_size=12))
def test_cutting_numbers_out_leaves_exactly_the_others(given_spans: list[Span], numbers: set[int]) -> None:
    before = sorted(number for span in given_spans for number in range(span.first, span.last + 1))
    after = sorted(number for span in without(given_spans, numbers) for number in range(span.first, span.last + 1))
    assert after == [number for number in before if number not in numbers]


@given(spans.filter(lambda some: any(len(span) for span in some)))
def test_a_random_start_lies_in_its_span(given_spans: list[Span]) -> None:
    index, number = random_start(given_spans)
    assert number in given_spans[index]


@given(st.integers(8, 29), st.integers(0, 2**32 - 1))
def test_hosts_of_a_network_are_all_but_its_ends(prefix: int, number: int) -> None:
    network = ipaddress.IPv4Network((number, prefix), strict=False)
    span = host_span(network)
    assert len(span) == network.num_addresses - 2
    assert int(network.network_address) not in span
    assert int(network.broadcast_address) not in span


def test_a_gateway_and_a_netmask_make_a_network() -> None:
    assert parse_network("10.1.2.1", "255.255.255.0") == (
        ipaddress.IPv4Address("10.1.2.1"),
        ipaddress.IPv4Network("10.1.2.0/24"),
    )


@pytest.mark.parametrize(
    ("gateway", "netmask", "blamed"),
    [
        ("10.1.2.300", "255.255.255.0", "gateway"),
        ("10.1.2.1", "255.0.255.0", "netmask"),
        ("10.1.2.1", "24", "netmask"),
        ("10.1.2.1", "0.0.0.255", "netmask"),
        ("10.1.2.1", "255.255.255.252", "netmask"),
        ("10.1.2.1", "254.0.0.0", "netmask"),
        ("10.1.2.0", "255.255.255.0", "gateway"),
        ("10.1.2.255", "255.255.255.0", "gateway"),
        ("127.0.0.1", "255.255.255.0", "gateway"),
        ("224.0.0.1", "255.255.255.0", "gateway"),
        ("169.254.1.1", "255.255.255.0", "gateway"),
        ("0.1.2.3", "255.255.255.0", "gateway"),
        ("::1", "255.255.255.0", "gateway"),
    ],
)
def test_what_cannot_be_a_guest_network_is_refused(gateway: str, netmask: str, blamed: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_network(gateway, netmask)
    assert refusal.value.parameter == blamed


@pytest.mark.parametrize("text", ["10.1.1.1/24", "10.1.1.0", "somewhere", "8.0.0.0/7", "2001:db8::/64"])
def test_a_cidr_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_cidr(text, "guestcidr")
    assert refusal.value.parameter == "guestcidr"


def test_an_isolated_network_has_private_addresses() -> None:
    check_is_private(ipaddress.IPv4Network("172.20.0.0/16"), "gateway")
    with pytest.raises(InvalidParameter, match="not within the private ranges"):
        check_is_private(ipaddress.IPv4Network("198.51.100.0/24"), "gateway")


def test_an_address_is_shown_when_it_is_wrong() -> None:
    with pytest.raises(InvalidParameter, match=r"startip '10\.1'") as refusal:
        parse_address("10.1", "startip")
    assert refusal.value.parameter == "startip"
