"""What the responses and lists of all apps show of what is attached (``apps.accounts.api.attached``)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connections
from django.db.models import F, Model, QuerySet

from apps.metadata.api.responses.icon import ResourceIconResponse
from apps.metadata.api.responses.tag import ResourceTagResponse
from apps.metadata.kinds import icon_from
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
    """Icons of the rows of a page: primary key → its own icon, or that of what it was made from."""
    found = dict(_hanging(ResourceIconResponse, icons_of(model), keys, caller))
    column = icon_from(model)
    without = [key for key in keys if key not in found] if column else []
    if without:
        rows = model._base_manager.filter(**{"pk__in": without, f"{column}__isnull": False})
        origins = dict(rows.values_list("pk", f"{column}_id"))
        origin = model._meta.get_field(column).related_model
        lent = dict(_hanging(ResourceIconResponse, icons_of(origin), list(set(origins.values())), caller))
        found.update((key, lent[other]) for key, other in origins.items() if other in lent)
    return found


def _hanging(response: type[Response], rows: QuerySet[Any], keys: Sequence[int], caller: Caller) -> Any:
    """What hangs on the objects with these primary keys, rendered: (key, body)."""
    if connections[rows.db].vendor == "postgresql":
        rows = rows.filter(AmongValues(F("object_id"), keys))
    else:
        rows = rows.filter(object_id__in=keys)
    return ((key, body) for (key,), body in response.render_with(rows, ("object_id",), caller=caller))
