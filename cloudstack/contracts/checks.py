"""Checks of values that travel between processes. Each raises ``InvalidSpec`` with the field's name and the value."""

import ipaddress
import re
from uuid import UUID

from cloudstack.contracts.errors import InvalidSpec
from cloudstack.contracts.wire import shown

_LINK = re.compile(r"[a-z][a-z0-9.-]{0,14}")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_VOLUME_FILE = re.compile(r"/([^/\0\n]+/)+[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(qcow2|raw)")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
# The kernel keeps settings for all links and for future ones under these names.
_RESERVED_LINKS = frozenset({"all", "default", "lo"})


def within(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise InvalidSpec(f"{name}: {value} is not in {lowest}..{highest}")


def link(name: str, value: str) -> None:
    """A network link's name, 15 bytes at most."""
    if not _LINK.fullmatch(value) or value in _RESERVED_LINKS:
        raise InvalidSpec(
            f"{name}: {shown(value)} is no link name (a letter, then letters, digits, '.', '-'; 15 at most)"
        )


def uuid(name: str, value: str) -> None:
    """A UUID in its one canonical form, because names of files and links are made of it."""
    try:
        right = str(UUID(value)) == value
    except ValueError:
        right = False
    if not right:
        raise InvalidSpec(f"{name}: {shown(value)} is no UUID in lower case with hyphens")


def mac(name: str, value: str) -> None:
    if not _MAC.fullmatch(value):
        raise InvalidSpec(f"{name}: {shown(value)} is no MAC address")
    if int(value[:2], 16) & 1:
        raise InvalidSpec(f"{name}: {value} is a group address, no card has it")


def ipv4(name: str, value: str) -> ipaddress.IPv4Address:
    try:
        return ipaddress.IPv4Address(value)
    except ValueError:
        raise InvalidSpec(f"{name}: {shown(value)} is no IPv4 address") from None


def hostname(name: str, value: str) -> None:
    if not _LABEL.fullmatch(value):
        raise InvalidSpec(f"{name}: {shown(value)} is no host name (letters, digits and inner hyphens; 63 at most)")


def domain(name: str, value: str) -> None:
    if len(value) > 253 or not all(_LABEL.fullmatch(label) for label in value.split(".")):
        raise InvalidSpec(f"{name}: {shown(value)} is no domain name")


def volume_file(name: str, value: str) -> None:
    """An absolute path that ends in the name of a volume; nothing else of a host is ours to look at."""
    if not _VOLUME_FILE.fullmatch(value) or {".", ".."} & set(value.split("/")):
        raise InvalidSpec(f"{name}: {shown(value)} is not the file of a volume")


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidSpec(f"{name}: {shown(value)} is not one of {', '.join(filter(None, allowed))}")
