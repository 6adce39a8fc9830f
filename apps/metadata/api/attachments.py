"""What the responses and lists of all apps show of what is attached (``apps.accounts.api.attached``)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connections
from django.db.models import F, Model, QuerySet

from apps.metadata.api.responses.icon import ResourceIconResponse
from apps.metadata.api.responses.tag import ResourceTagResponse
from apps.metadata.selectors import has_notes, hung_details, icons_of, last_note, shown_details, tagged, tags_of
from cloudstack.api import Response
from cloudstack.api.fields import AmongValues
from cloudstack.framework.context import Caller

__all__ = ["annotated", "hung_details", "icons", "last_note", "shown_details", "tagged", "tags"]

annotated = has_notes


def tags(model: type[Model], keys: Sequence[int], caller: Caller) -> Mapping[int, Any]:
    """Tags of the rows of a page: primary key → its tags."""
    found: dict[int, Any] = {}
    for key, body in _hanging(ResourceTagResponse, tags_of(model), keys, caller):
        found.setdefault(key, []).append(body)
    return found


def icons(model: type[Model], keys: Sequence[int], caller: Caller) -> Mapping[int, Any]:
    """Icons of the rows of a page: primary key → its icon."""
    return dict(_hanging(ResourceIconResponse, icons_of(model), keys, caller))


def _hanging(response: type[Response], rows: QuerySet[Any], keys: Sequence[int], caller: Caller) -> Any:
    """What hangs on the objects with these primary keys, rendered: (key, body)."""
    if connections[rows.db].vendor == "postgresql":
        rows = rows.filter(AmongValues(F("object_id"), keys))
    else:
        rows = rows.filter(object_id__in=keys)
    return ((key, body) for (key,), body in response.render_with(rows, ("object_id",), caller=caller))
