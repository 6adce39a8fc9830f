"""How the columns of a model are shown: states as badges, sizes in words, labels as people write them."""

import re
from functools import cache
from typing import Any

from django.contrib.admin.utils import display_for_field
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model

from apps.accounts.admin.badges import badge, human_bytes

STATE_COLUMNS = frozenset({"state", "status", "resource_state", "allocation_state", "managed_state"})
EMPTY = "–"
_SPELLED = (
    "VM URI ACL CD UUID CPU CPUs MHz MiB GiB Mbps IP IPv4 MAC CIDR DNS OS HA URL VLAN VNI API SSH IOPS DHCP MTU ID KVM"
)
_SPELLINGS = {word.lower(): word for word in _SPELLED.split()}
_NUMBERED = re.compile(r"^(DNS|IP)(\d)$", re.IGNORECASE)


@cache
def column_of(model: type[Model], name: Any) -> Any:
    """What lists and pages show under ``name``: a function for a column of ``model``, else the name as it is.

    Relations keep their names: Django makes links of them.
    """
    field = _field(model, name)
    if field is None or field.is_relation:
        return name

    def column(obj: Model) -> Any:
        return shown(field, getattr(obj, name))

    column.__name__ = name
    column.short_description = label_of(field)  # type: ignore[attr-defined]
    column.admin_order_field = name  # type: ignore[attr-defined]
    return column


def shown(field: Field, value: Any) -> Any:
    """A value as an operator reads it."""
    if field.name in STATE_COLUMNS:
        return badge(value)
    if field.name.endswith("_bytes"):
        return human_bytes(value)
    return display_for_field(value, field, EMPTY)


def label_of(field: Field) -> str:
    """``cpu mhz`` → ``CPU MHz``; ``size bytes`` → ``size``."""
    text = str(field.verbose_name).removesuffix(" bytes")
    words = [_NUMBERED.sub(lambda match: match[0].upper(), _SPELLINGS.get(word.lower(), word)) for word in text.split()]
    return " ".join(words)


def _field(model: type[Model], name: Any) -> Field | None:
    try:
        field = model._meta.get_field(name) if isinstance(name, str) else None
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, Field) else None
