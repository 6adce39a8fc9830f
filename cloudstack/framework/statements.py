"""Queries that the ORM writes once and the cursor carries out ever after, with other values.

For the few that are asked at every request or every placement: to write such a statement takes longer than the
database takes to answer it. What comes back is converted as ``values_list`` does.
"""

from collections.abc import Callable, Hashable
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet

Value = str | int | UUID
_MARKS: dict[type, Callable[[int], Value]] = {
    str: lambda number: f"\N{WHITE CIRCLE}mark {number}\N{WHITE CIRCLE}",
    int: lambda number: 2_100_000_000 + number,
    UUID: lambda number: UUID(int=number),
}
"""What stands in a statement for a value while it is written: nothing in a database looks like it."""


class Statement:
    """One query. ``build`` makes it with ``values_list``, from keyword arguments that take the varying values.

    Values that are left out are part of the shape of a statement, and so are the ``options`` of :meth:`rows`, which
    ``build`` gets as they are. The values may only be compared, not changed on their way into the statement.
    """

    def __init__(self, build: "Callable[..., QuerySet[Any, Any]]"):
        self._build = build
        self._written: dict[Hashable, _Written] = {}

    def rows(self, options: "dict[str, Hashable] | None" = None, **values: Value) -> list[tuple[Any, ...]]:
        """All rows. Raises ``ValueError`` for a statement in which a value does not appear as it is."""
        options = options or {}
        shape = (*options.items(), *((name, type(value)) for name, value in values.items()))
        if shape not in self._written:
            self._written[shape] = _Written(self._build, options, values)
        return self._written[shape].rows(values)


def _same(value: Value) -> Value:
    return value


class _Written:
    """A statement of one shape."""

    def __init__(self, build: "Callable[..., QuerySet[Any, Any]]", options: dict[str, Any], values: dict[str, Value]):
        marks = {name: _MARKS[type(value)](number) for number, (name, value) in enumerate(values.items(), 1)}
        queryset = build(**options, **marks)
        self.alias = queryset.db
        compiler = queryset.query.get_compiler(connection=connections[self.alias])
        try:
            self.sql, parameters = compiler.as_sql()
        except EmptyResultSet:
            raise ValueError("the ORM sees that this statement never finds anything") from None
        selected = [column for column, *_ in compiler.select[: compiler.col_count]]
        self.converters = compiler.get_converters(selected)
        self.places = [self._place(parameter, marks) for parameter in parameters]
        lost = set(marks) - {name for name, _ in self.places}
        if lost:
            raise ValueError(f"the statement does not hold {', '.join(sorted(lost))} as it is")

    @staticmethod
    def _place(parameter: Any, marks: dict[str, Value]) -> tuple[str, Any]:
        """Name of the value that belongs here and what the database takes instead of it; else no name and what stands
        here. psycopg is given whole numbers in the width of their column, SQLite UUIDs as hexadecimal digits.
        """
        for name, mark in marks.items():
            if isinstance(mark, UUID) and parameter == mark.hex:
                return name, attrgetter("hex")
            if isinstance(parameter, type(mark)) and parameter == mark:
                return name, type(parameter) if isinstance(mark, int) else _same
        return "", parameter

    def rows(self, values: dict[str, Value]) -> list[tuple[Any, ...]]:
        parameters = [what(values[name]) if name else what for name, what in self.places]
        connection = connections[self.alias]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        if not self.converters:
            return rows
        converted = []
        for row in rows:
            cells = list(row)
            for position, (functions, expression) in self.converters.items():
                for function in functions:
                    cells[position] = function(cells[position], expression, connection)
            converted.append(tuple(cells))
        return converted
