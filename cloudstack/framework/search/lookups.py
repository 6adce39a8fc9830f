"""``named`` and ``begins``: text compared without regard to case, in the words of the indexes beside this module.

Django's ``iexact`` and ``istartswith`` find the same rows, but SQLite answers its LIKE by reading the whole table.
SQLite folds the letters A to Z only; PostgreSQL folds those of all alphabets.
"""

from typing import Any

from django.db.models import CharField, Expression, F, Field, Lookup
from django.db.models.functions import Collate

LONG = 255
"""Columns that may hold more characters are indexed by their begin alone: an entry of an index has room for no more."""
BEGIN = 64
"""Characters that count of such a column."""
LAST = "\U0010ffff"
"""Sorts behind every other character."""


def is_long(field: "Field[Any, Any]") -> bool:
    return (getattr(field, "max_length", None) or LONG + 1) > LONG


def folded(column: str, field: "Field[Any, Any]") -> str:
    """PostgreSQL's words for a column as it is indexed and compared."""
    return f"UPPER(LEFT({column}, {BEGIN}))" if is_long(field) else f"UPPER({column})"


def longest_compared(field: "Field[Any, Any]") -> int:
    """How many characters ``begins`` can compare."""
    return BEGIN if is_long(field) else int(field.max_length or LONG)


def in_order(column: str) -> Expression:
    """For ``order_by`` on SQLite: the order in which the index holds the column; a whole match comes first."""
    return Collate(F(column), "NOCASE")


class _Folded(Lookup):
    prepare_rhs = True

    def parts(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return column, list(params)

    def text(self) -> str:
        return str(self.rhs)


def same_text(column: str, field: "Field[Any, Any]", vendor: str) -> tuple[str, int]:
    """SQL for a column that is one text, without regard to case, and how many times it takes that text."""
    if vendor == "sqlite":
        return f"{column} COLLATE NOCASE = %s", 1
    if not is_long(field):
        return f"{folded(column, field)} = UPPER(%s)", 1
    # The begin by index, the rest by looking.
    return f"({folded(column, field)} = UPPER(LEFT(%s, {BEGIN})) AND UPPER({column}) = UPPER(%s))", 2


@CharField.register_lookup
class Named(_Folded):
    """The column is this text."""

    lookup_name = "named"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, params = self.parts(compiler, connection)
        sql, times = same_text(column, self.lhs.output_field, connection.vendor)
        return sql, [*params, self.text()] * times


@CharField.register_lookup
class Begins(_Folded):
    """The column begins with this text."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, params = self.parts(compiler, connection)
        text = self.text()
        if connection.vendor == "sqlite":
            ordered = f"{column} COLLATE NOCASE"
            return f"({ordered} >= %s AND {ordered} < %s)", [*params, text, *params, text + LAST]
        escaped = connection.ops.prep_for_like_query(text)
        return f"{folded(column, self.lhs.output_field)} LIKE UPPER(%s)", [*params, f"{escaped}%"]
