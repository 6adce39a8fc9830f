"""Moments in REST: RFC 3339, where the command API has CloudStack's form without the colon."""

from functools import cache
from typing import Any

from cloudstack.api.fields import Children, FieldType, Loaded
from cloudstack.api.responses import Response


def in_rfc3339(response: Any, body: dict[str, Any]) -> dict[str, Any]:
    """``body``, an object of ``response``, with its moments rewritten in place, also those of objects inside."""
    moments, inner = _places(response)
    for wire in moments:
        text = body.get(wire)
        if isinstance(text, str) and text.endswith("+0000"):
            body[wire] = f"{text[:-5]}Z"
    for wire, kind in inner.items():
        value = body.get(wire)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                in_rfc3339(kind, one)
    return body


@cache
def _places(response: Any) -> tuple[tuple[str, ...], dict[str, type[Response]]]:
    """Names of the fields that hold moments, and of those that hold objects."""
    fields = response.fields()
    moments = tuple(wire for wire, item in fields.items() if response.type_of(item) is FieldType.DATE)
    inner = {
        wire: item.response
        for wire, item in fields.items()
        if isinstance(item, Children | Loaded) and item.response is not None
    }
    return moments, inner
