"""Keyset paging: the rows behind a given one, so that a deep page costs what the first one does.

A row that comes or goes while somebody reads page after page moves no other row to another page.
"""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from cloudstack.framework.errors import InvalidParameter


def behind(ordered: "QuerySet[Any]", seen: "QuerySet[Any]", uuid: str) -> "QuerySet[Any]":
    """The rows of ``ordered`` that come after the row ``uuid``.

    The row is looked for in ``seen``, all that the caller may list: it need not pass the filters of ``ordered``.
    Raises ``InvalidParameter`` when it is not there.
    """
    ordering = _unique(ordered.query.order_by)
    paths = [name.removeprefix("-") for name in ordering]
    row = seen.order_by().filter(uuid=uuid).values_list(*paths).first()
    if row is None:
        raise unknown(uuid)
    return ordered.order_by(*ordering).filter(_after(ordering, row))


def unknown(uuid: str) -> InvalidParameter:
    return InvalidParameter(
        f'Unable to go on after "{uuid}": there is no such row in this list, or it is gone by now',
        parameter="after",
        remedy="give the UUID of a row that this list showed and that is still there, such as the one before it",
    )


def _unique(ordering: Any) -> list[str]:
    names = [str(name) for name in ordering]
    return names if {"id", "-id", "pk", "-pk"} & set(names) else [*names, "pk"]


def _after(ordering: list[str], row: tuple[Any, ...]) -> Q:
    """``(a, b) > (x, y)`` written out, each column in its own direction."""
    found = []
    for place, name in enumerate(ordering):
        path, operator = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        same = {one.removeprefix("-"): value for one, value in zip(ordering[:place], row, strict=False)}
        found.append(Q(**same, **{f"{path}__{operator}": row[place]}))
    return reduce(or_, found)
