"""The option ``sort`` of lists: by a field of the answer that is a column of the row itself."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import F

from cloudstack.api.fields import Field, FieldType, column_of
from cloudstack.framework.errors import InvalidParameter

if TYPE_CHECKING:
    from cloudstack.api.responses import Response
    from cloudstack.framework.context import Caller

_NO_ORDER = (FieldType.LIST, FieldType.MAP, FieldType.OBJECT)


def sortable(response: "type[Response]", *, caller: "Caller") -> dict[str, str]:
    """Wire name → column, of the fields that ``caller`` may sort by: columns of the row itself that he is shown."""
    found = {}
    for wire, item in response.fields().items():
        if not isinstance(item, Field) or item.compute is not None or item.expression is not None:
            continue
        if item.roles is not None and caller.role_type not in item.roles:
            # An order would tell what the field hides.
            continue
        column = None if "__" in item.source else column_of(response.model, item.source)
        if column is None or column.is_relation or hasattr(column, "from_db_value"):
            continue
        found[wire] = item.source
    return found


def ordering(sort: str, response: "type[Response]", *, caller: "Caller") -> list[Any]:
    """What ``order_by`` takes for ``sort`` (``name``, ``-created``); the primary key decides among equals.

    Rows without a value come last either way. Raises ``InvalidParameter`` for a field that is no such column.
    """
    wire, sign = _read(sort)
    columns = sortable(response, caller=caller)
    source = _named(wire, columns, sort)
    path = columns[source]
    column = column_of(response.model, path)
    if column is not None and column.null:
        by: Any = F(path).desc(nulls_last=True) if sign else F(path).asc(nulls_last=True)
    else:
        by = f"{sign}{path}"
    return [by, f"{sign}pk"]


def sorted_rows(sort: str, rows: list[dict[str, Any]], response: "type[Response]") -> list[dict[str, Any]]:
    """The same for a list whose rows are no rows of a table. Raises ``InvalidParameter``."""
    wire, sign = _read(sort)
    known = {
        name
        for name, item in response.fields().items()
        if isinstance(item, Field) and response.type_of(item) not in _NO_ORDER
    }
    field = _named(wire, known, sort)
    told = [row for row in rows if row.get(field) is not None]
    untold = [row for row in rows if row.get(field) is None]
    return [*sorted(told, key=lambda row: row[field], reverse=bool(sign)), *untold]


def _read(sort: str) -> tuple[str, str]:
    return (sort[1:], "-") if sort.startswith("-") else (sort, "")


def _named(wire: str, known: Iterable[str], sort: str) -> str:
    names = {name.lower(): name for name in known}
    found = names.get(wire.lower())
    if found is None:
        raise InvalidParameter(
            f"this list cannot be sorted by {sort[:80]!r}",
            parameter="sort",
            remedy=f"give one of {', '.join(sorted(names.values()))}; with - in front of it the list runs downwards",
        )
    return found
