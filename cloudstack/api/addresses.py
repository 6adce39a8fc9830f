"""Where a request comes from, and lists of networks that it may come from."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

from django.conf import settings
from django.http import HttpRequest

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN = ""


def client_address(request: HttpRequest) -> str:
    """The address of the client: behind a trusted proxy the one that the proxy saw; empty when there is none.

    Only the last entry of ``X-Forwarded-For`` is the proxy's own; whoever sends the request writes the others.
    """
    text = str(request.META.get("REMOTE_ADDR") or "")
    if getattr(settings, "TRUSTED_PROXY", False):
        text = str(request.META.get("HTTP_X_FORWARDED_FOR") or text).rpartition(",")[2]
    return canonical_address(text)


def canonical_address(text: str) -> str:
    """``::ffff:10.0.0.1`` → ``10.0.0.1``; empty for what is no address, as a unix socket's peer."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return UNKNOWN
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@lru_cache(maxsize=512)
def networks_of(text: str) -> tuple[Network, ...]:
    """The networks in a comma-separated list of CIDRs. Raises ``ValueError`` that says what would be right."""
    found = []
    for part in text.split(","):
        if not (part := part.strip()):
            continue
        try:
            found.append(ipaddress.ip_network(part, strict=False))
        except ValueError:
            raise ValueError(f"{part[:60]!r} is no network; write them as 10.1.0.0/16,2001:db8::/32") from None
    return tuple(found)


def canonical_networks(parts: Iterable[str]) -> str:
    """The list as it is stored: canonical, each once, in the order given. Raises ``ValueError``."""
    return ",".join(dict.fromkeys(str(network) for network in networks_of(",".join(parts))))


def within(address: str, text: str) -> bool:
    """Whether ``address`` lies in one of the networks of ``text``; an unknown address lies in none."""
    if not address:
        return False
    known = ipaddress.ip_address(address)
    return any(known.version == network.version and known in network for network in networks_of(text))


def check_networks(text: str) -> None:
    """For settings. Raises ``ValueError`` for what cannot be read and for a list that admits nobody."""
    if not networks_of(text):
        raise ValueError("the list is empty and would admit nobody; 0.0.0.0/0,::/0 admits everybody")
