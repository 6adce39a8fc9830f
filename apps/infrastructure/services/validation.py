"""Checks on what operators type: addresses, ranges, states. Each says what would be right."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from cloudstack.framework.errors import InvalidParameter

MAX_TAGS_LENGTH = 1024


def address(value: str, parameter: str) -> str:
    """An IPv4 or IPv6 address; empty stays empty."""
    if not value:
        return ""
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        raise InvalidParameter(
            f"{parameter} is {value!r}; an address such as 192.0.2.1 is expected", parameter=parameter
        ) from None


def network(value: str, parameter: str) -> str:
    """A network in CIDR notation; empty stays empty."""
    if not value:
        return ""
    try:
        return str(ipaddress.ip_network(value.strip()))
    except ValueError as error:
        raise InvalidParameter(
            f"{parameter} is {value!r} ({error}); a network such as 10.1.1.0/24 is expected", parameter=parameter
        ) from None


def pod_range(*, gateway: str, netmask: str, start_ip: str, end_ip: str) -> None:
    """The addresses of a pod must lie in one subnet, in order, without the gateway."""
    if not (gateway and netmask):
        if start_ip or end_ip:
            raise InvalidParameter("startip and endip need a gateway and a netmask", parameter="gateway")
        return
    try:
        subnet = ipaddress.ip_network(f"{gateway}/{netmask}", strict=False)
    except ValueError:
        raise InvalidParameter(
            f"netmask is {netmask!r}; a mask such as 255.255.255.0 is expected", parameter="netmask"
        ) from None
    if end_ip and not start_ip:
        raise InvalidParameter("endip needs a startip", parameter="startip")
    if not start_ip:
        return
    first, last = ipaddress.ip_address(start_ip), ipaddress.ip_address(end_ip or start_ip)
    for name, one in (("startip", first), ("endip", last)):
        if one.version != subnet.version or one not in subnet:
            raise InvalidParameter(f"{name} {one} is not in the pod's subnet {subnet}", parameter=name)
    if int(first) > int(last):
        raise InvalidParameter(f"startip {first} lies behind endip {last}", parameter="startip")
    if int(first) <= int(ipaddress.ip_address(gateway)) <= int(last):
        raise InvalidParameter(f"the range {first} to {last} contains the gateway {gateway}", parameter="startip")


def tags(values: Iterable[str]) -> str:
    """Host tags as they are stored: sorted, each once, comma between."""
    cleaned = sorted({value.strip() for value in values if value.strip()})
    text = ",".join(cleaned)
    if len(text) > MAX_TAGS_LENGTH:
        raise InvalidParameter(
            f"the host tags have {len(text)} characters, at most {MAX_TAGS_LENGTH}", parameter="hosttags"
        )
    return text


def details(values: dict[str, Any]) -> dict[str, str]:
    """Options of the operator; the ones that the platform itself reads must be numbers."""
    for name in ("memory_mib", "memory_reserved_mib", "cpus", "cpu_mhz"):
        text = str(values.get(name, "0"))
        if not (text.isascii() and text.isdigit()) or int(text) > 2**31:
            raise InvalidParameter(f"{name} is {text!r}; a whole number is expected", parameter=name)
    return {str(name): str(value) for name, value in values.items()}


def check(instance: models.Model) -> None:
    """Field lengths, choices and unique names of the model, as the caller's mistake rather than ours."""
    try:
        instance.full_clean(validate_constraints=True)
    except ValidationError as error:
        sentences = [
            " ".join(messages) if name == "__all__" else f"{name}: {' '.join(messages)}"
            for name, messages in error.message_dict.items()
        ]
        raise InvalidParameter("; ".join(sentences)) from None
