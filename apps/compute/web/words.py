"""How machines and what they are made of are told to people."""

from collections.abc import Mapping
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Row = Mapping[str, Any]
GIB = 1024
"""MiB."""


def size(row: Row) -> str:
    """Cores, their speed and memory of a machine or a size to choose."""
    parts = []
    if cores := row.get("cpunumber"):
        parts.append(ngettext("%(n)s core", "%(n)s cores", int(cores)) % {"n": cores})
    if speed := row.get("cpuspeed"):
        parts.append(f"{speed} MHz")
    if memory := row.get("memory"):
        parts.append(_memory(int(memory)))
    return ", ".join(parts)


def _memory(mib: int) -> str:
    return f"{mib // GIB} GiB" if mib and mib % GIB == 0 else f"{mib} MiB"


def offering(row: Row) -> str:
    """What a service offering gives, or what its user says."""
    told = size(row)
    if not row.get("iscustomized"):
        return told
    chosen = _("you choose cores and memory")
    return f"{told}; {chosen}" if told else chosen


def disk_offering(row: Row) -> str:
    if row.get("iscustomized"):
        return _("you choose its size")
    return f"{row.get('disksize')} GiB"


def image(row: Row) -> str:
    """Operating system and size of a template or an ISO."""
    parts = [row.get("ostypename") or "", filesizeformat(row["size"]) if row.get("size") else ""]
    if row.get("format") == "ISO":
        parts.insert(0, "ISO")
    return ", ".join(part for part in parts if part)


def network(row: Row) -> str:
    return ", ".join(str(part) for part in (row.get("type"), row.get("cidr")) if part)


def volume(row: Row) -> str:
    return filesizeformat(row["size"]) if row.get("size") else ""
