"""Which packets a rule is about: protocols, ports, ICMP, networks. Reads and refuses; no rows, no caller."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloudstack.framework.errors import InvalidParameter

WITH_PORTS = ("tcp", "udp")
NAMES = (*WITH_PORTS, "icmp", "all")
EVERYWHERE = "0.0.0.0/0"
ANY = -1
MOST_NETWORKS = 100


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Checked; the fields are those of :class:`NetworkRule`."""

    protocol: str
    start_port: int | None = None
    end_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()

    def columns(self) -> dict[str, Any]:
        return {**vars(self), "sources": list(self.sources), "destinations": list(self.destinations)}


def parse_traffic(
    *,
    protocol: str,
    start_port: int | None = None,
    end_port: int | None = None,
    icmp_type: int | None = None,
    icmp_code: int | None = None,
    sources: Sequence[str] | None = None,
    destinations: Sequence[str] | None = None,
) -> Traffic:
    """Raises ``InvalidParameter``. Without ports tcp and udp are about all of them, without types so is icmp."""
    name = parse_protocol(protocol)
    if name not in WITH_PORTS and (start_port is not None or end_port is not None):
        raise InvalidParameter(f"protocol {name} has no ports; leave startport away", parameter="startport")
    if name != "icmp" and (icmp_type is not None or icmp_code is not None):
        raise InvalidParameter(f"icmptype goes with protocol icmp, not {name}", parameter="icmptype")
    if end_port is not None and start_port is None:
        raise InvalidParameter("endport is given without startport", parameter="startport")
    first, last = parse_ports(start_port, end_port, "startport", "endport")
    for parameter, number in (("icmptype", icmp_type), ("icmpcode", icmp_code)):
        if number is not None and not ANY <= number <= 255:
            raise InvalidParameter(f"{parameter} {number} is not -1 (any) or 0 to 255", parameter=parameter)
    icmp = name == "icmp"
    return Traffic(
        protocol=name,
        start_port=first,
        end_port=last,
        icmp_type=(ANY if icmp_type is None else icmp_type) if icmp else None,
        icmp_code=(ANY if icmp_code is None else icmp_code) if icmp else None,
        sources=parse_networks(sources, "cidrlist"),
        destinations=parse_networks(destinations, "destcidrlist") if destinations else (),
    )


def parse_protocol(text: str, names: Sequence[str] = NAMES) -> str:
    """``TCP`` → ``tcp``; numbers only where all protocols go."""
    name = text.strip().lower()
    if name in names:
        return name
    if names is NAMES and name.isascii() and name.isdigit() and int(name) <= 255:
        return {"1": "icmp", "6": "tcp", "17": "udp"}.get(name, str(int(name)))
    also = ", or a number from 0 to 255" if names is NAMES else ""
    raise InvalidParameter(f"protocol {text!r} is not one of {', '.join(names)}{also}", parameter="protocol")


def parse_ports(first: int | None, last: int | None, start: str, end: str) -> tuple[int | None, int | None]:
    """``first`` to ``last``, or ``first`` alone."""
    if first is None:
        return None, None
    last = first if last is None else last
    for parameter, port in ((start, first), (end, last)):
        if not 1 <= port <= 65535:
            raise InvalidParameter(f"{parameter} {port} is not a port from 1 to 65535", parameter=parameter)
    if last < first:
        raise InvalidParameter(f"{end} {last} lies before {start} {first}", parameter=end)
    return first, last


def parse_networks(texts: Sequence[str] | None, parameter: str) -> tuple[str, ...]:
    """Networks in their usual writing, each once; everywhere when none is named."""
    found: list[str] = []
    for text in texts or [EVERYWHERE]:
        try:
            found.append(str(ipaddress.IPv4Network(text.strip())))
        except ValueError:
            raise InvalidParameter(
                f"{parameter} {text!r} is not an IPv4 network such as 192.0.2.0/24", parameter=parameter
            ) from None
    if len(found) > MOST_NETWORKS:
        raise InvalidParameter(
            f"{parameter} names {len(found)} networks, more than {MOST_NETWORKS}", parameter=parameter
        )
    return tuple(dict.fromkeys(found))
