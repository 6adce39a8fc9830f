"""The XML form of answers, for clients that name no ``response`` or ask for it."""

import re
from typing import Any
from xml.sax.saxutils import escape

from cloudstack import __version__

# What XML 1.0 cannot carry even as a reference.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
HEADER = '<?xml version="1.0" encoding="UTF-8"?>'


def render(envelope: str, body: dict[str, Any], *, authenticated: bool) -> bytes:
    """``body`` under ``envelope``. Members of a list repeat their element; the version is for known callers only."""
    version = f' cloud-stack-version="{escape(__version__)}"' if authenticated else ""
    parts = [HEADER, f"<{envelope}{version}>"]
    _members(parts, body)
    parts.append(f"</{envelope}>")
    return "".join(parts).encode()


def _members(parts: list[str], body: dict[str, Any]) -> None:
    for name, value in body.items():
        _element(parts, str(name), value)


def _element(parts: list[str], name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, list | tuple):
        for item in value:
            _element(parts, name, item)
        return
    if not _NAME.fullmatch(name):
        # Keys of maps are the users' own and may be no element names.
        parts.append("<entry>")
        _element(parts, "key", name)
        _element(parts, "value", value)
        parts.append("</entry>")
        return
    parts.append(f"<{name}>")
    if isinstance(value, dict):
        _members(parts, value)
    else:
        parts.append(_text(value))
    parts.append(f"</{name}>")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_UNPRINTABLE.sub("", str(value)))
