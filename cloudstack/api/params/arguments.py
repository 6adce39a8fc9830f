"""The raw parameters of one request, names folded, ``name[0].key=value`` taken apart."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from cloudstack.framework.errors import InvalidParameter, MalformedParameter

ILLEGAL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and halves of characters: no text of the API has them, and PostgreSQL stores none of them."""
_INDEXED = re.compile(r"([^\[\]]+)\[(\d{1,9})\]\.([^\[\]]+)")
MAX_NAME_SHOWN = 60


class Arguments:
    """What a caller sent: ``texts`` by lower-case name, ``maps`` as name → index → field → text."""

    __slots__ = ("maps", "texts")

    def __init__(self, raw: Mapping[str, Any]):
        """Raises ``InvalidParameter`` for control characters and ``MalformedParameter`` for broken brackets."""
        self.texts: dict[str, str] = {}
        self.maps: dict[str, dict[int, dict[str, str]]] = {}
        for name, value in raw.items():
            if value is None:
                continue
            text = value if type(value) is str else as_text(value)
            if ILLEGAL.search(name):
                shown = ILLEGAL.sub("?", name[:MAX_NAME_SHOWN])
                raise MalformedParameter(f'The parameter name "{shown}" contains a control character', parameter=shown)
            if ILLEGAL.search(text):
                raise InvalidParameter(
                    f"Received value for parameter {name[:MAX_NAME_SHOWN]} is invalid: it contains a control "
                    "character; printable characters and line ends are allowed",
                    parameter=name[:MAX_NAME_SHOWN],
                )
            if "[" in name:
                self._add_indexed(name, text)
            else:
                self.texts[name.lower()] = text

    def _add_indexed(self, name: str, text: str) -> None:
        match = _INDEXED.fullmatch(name)
        if match is None:
            raise MalformedParameter(
                f'Malformed parameter name "{name[:MAX_NAME_SHOWN]}": a map is written name[0].key=value',
                parameter=name[:MAX_NAME_SHOWN],
            )
        base, index, field = match.groups()
        self.maps.setdefault(base.lower(), {}).setdefault(int(index), {})[field] = text


def as_text(value: Any) -> str:
    """A value given by our own code (admin actions, REST) as the wire would carry it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S%z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(as_text(item) for item in value)
    return str(value)
