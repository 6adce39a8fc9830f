"""Arithmetic on IPv4 addresses and on ranges of numbers. No rows, no caller."""

import ipaddress
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloudstack.framework.errors import InvalidParameter

PRIVATE_NETWORKS = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
LARGEST_PREFIX = 29
"""A guest network needs room for its gateway, its server and some guests."""
SMALLEST_PREFIX = 8


@dataclass(frozen=True, order=True)
class Span:
    """Whole numbers from ``first`` to ``last``, both included."""

    first: int
    last: int

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def __len__(self) -> int:
        return max(0, self.last - self.first + 1)


def without(spans: Iterable[Span], numbers: Iterable[int]) -> list[Span]:
    """``spans`` with single ``numbers`` cut out, in order and without empty ones."""
    rest = sorted(span for span in spans if len(span))
    for number in sorted(set(numbers)):
        cut: list[Span] = []
        for span in rest:
            if number in span:
                cut += [part for part in (Span(span.first, number - 1), Span(number + 1, span.last)) if len(part)]
            else:
                cut.append(span)
        rest = cut
    return rest


def minus(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """``spans`` without what is in ``others``, in order and without empty ones."""
    rest = sorted(span for span in spans if len(span))
    for other in others:
        rest = [
            part
            for span in rest
            for part in (
                Span(span.first, min(span.last, other.first - 1)),
                Span(max(span.first, other.last + 1), span.last),
            )
            if len(part)
        ]
    return rest


def random_start(spans: Sequence[Span]) -> tuple[int, int]:
    """Index of a span and a number in it, each number of all spans being equally likely."""
    place = random.randrange(sum(len(span) for span in spans))  # noqa: S311 (spreads load, keeps no secret)
    for index, span in enumerate(spans):
        if place < len(span):
            return index, span.first + place
        place -= len(span)
    raise AssertionError("the place lies within the spans")


def parse_address(text: str, parameter: str) -> ipaddress.IPv4Address:
    """Raises ``InvalidParameter`` that shows what an address looks like."""
    try:
        return ipaddress.IPv4Address(text.strip())
    except ValueError:
        raise InvalidParameter(
            f"{parameter} {text!r} is not an IPv4 address such as 10.1.1.5", parameter=parameter
        ) from None


def parse_network(gateway: str, netmask: str) -> tuple[ipaddress.IPv4Address, ipaddress.IPv4Network]:
    """The gateway and the network around it; raises ``InvalidParameter`` when the two make no guest network."""
    address = parse_address(gateway, "gateway")
    try:
        network = ipaddress.IPv4Network(f"{address}/{netmask.strip()}", strict=False)
        if str(network.netmask) != netmask.strip():
            raise ValueError("not written as a netmask")
    except ValueError:
        raise InvalidParameter(
            f"netmask {netmask!r} is not a netmask such as 255.255.255.0", parameter="netmask"
        ) from None
    check_size(network, "netmask")
    check_is_unicast(network, "gateway")
    if address in (network.network_address, network.broadcast_address):
        raise InvalidParameter(
            f"gateway {address} is the network or broadcast address of {network}; take one of its other addresses",
            parameter="gateway",
        )
    return address, network


def parse_cidr(text: str, parameter: str) -> ipaddress.IPv4Network:
    """Raises ``InvalidParameter`` that shows what a CIDR looks like."""
    try:
        network = ipaddress.IPv4Network(text.strip())
    except ValueError:
        raise InvalidParameter(
            f"{parameter} {text!r} is not an IPv4 network such as 10.1.1.0/24", parameter=parameter
        ) from None
    check_size(network, parameter)
    check_is_unicast(network, parameter)
    return network


def check_size(network: ipaddress.IPv4Network, parameter: str) -> None:
    if not SMALLEST_PREFIX <= network.prefixlen <= LARGEST_PREFIX:
        raise InvalidParameter(
            f"{network} cannot be a guest network: its prefix must be between /{SMALLEST_PREFIX} and /{LARGEST_PREFIX}",
            parameter=parameter,
        )


def check_is_unicast(network: ipaddress.IPv4Network, parameter: str) -> None:
    if (
        network.is_multicast
        or network.is_loopback
        or network.is_link_local
        or network.network_address.packed[0]
        in (
            0,
            *range(240, 256),
        )
    ):
        raise InvalidParameter(f"{network} holds no addresses that guests can use", parameter=parameter)


def check_is_private(network: ipaddress.IPv4Network, parameter: str) -> None:
    """Isolated networks hide behind a router, so their addresses are private ones."""
    if not any(network.subnet_of(private) for private in PRIVATE_NETWORKS):
        ranges = ", ".join(str(private) for private in PRIVATE_NETWORKS)
        raise InvalidParameter(f"{network} is not within the private ranges {ranges}", parameter=parameter)


def host_span(network: ipaddress.IPv4Network) -> Span:
    """Addresses of ``network`` without its first (the network) and last (broadcast)."""
    return Span(int(network.network_address) + 1, int(network.broadcast_address) - 1)


def guest_span(cidr: str, guest_vm_cidr: str = "") -> Span:
    """Addresses of ``cidr`` for guests; only those of ``guest_vm_cidr``, where there is one."""
    span = host_span(ipaddress.IPv4Network(cidr))
    if not guest_vm_cidr:
        return span
    part = ipaddress.IPv4Network(guest_vm_cidr)
    return Span(max(span.first, int(part.network_address)), min(span.last, int(part.broadcast_address)))


def dotted(number: int) -> str:
    return str(ipaddress.IPv4Address(number))
