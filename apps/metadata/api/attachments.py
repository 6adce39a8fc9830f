"""What the responses and lists of all apps show of what is attached (``apps.accounts.api.attached``)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connections
from django.db.models import F, Model

from apps.metadata.api.responses.tag import ResourceTagResponse
from apps.metadata.selectors import tagged, tags_of
from cloudstack.api.fields import AmongValues
from cloudstack.framework.context import Caller

__all__ = ["tagged", "tags"]


def tags(model: type[Model], keys: Sequence[int], caller: Caller) -> Mapping[int, Any]:
    """Tags of the rows of a page: primary key → its tags."""
    rows = tags_of(model)
    if connections[rows.db].vendor == "postgresql":
        rows = rows.filter(AmongValues(F("object_id"), keys))
    else:
        rows = rows.filter(object_id__in=keys)
    found: dict[int, Any] = {}
    for (key,), body in ResourceTagResponse.render_with(rows, ("object_id",), caller=caller):
        found.setdefault(key, []).append(body)
    return found
