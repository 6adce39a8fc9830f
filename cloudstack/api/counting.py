"""Conditions by subquery that databases plan well, and the number of all rows in the statement of a page."""

from typing import Any

from django.db.models import BooleanField, F, Func, IntegerField, Q, QuerySet, Subquery
from django.db.models.lookups import Exact, In, IsNull
from django.db.models.sql.where import AND, WhereNode


class CountOf(Subquery):
    """The number of rows of a queryset, as an uncorrelated scalar: the database computes it once a statement."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"

    def __init__(self, queryset: "QuerySet[Any]"):
        super().__init__(queryset.order_by().values("pk"), output_field=IntegerField())


class _AmongKeys(Func):
    """``column IN (subquery)``; in PostgreSQL an array, which is made first, and found by index also beside an OR."""

    output_field = BooleanField()
    conditional = True

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        # A subquery without rows raises EmptyResultSet here, which the WHERE around it understands.
        (column, params), (keys, more) = (compiler.compile(part) for part in self.source_expressions)
        among = f"= ANY(ARRAY{keys})" if connection.vendor == "postgresql" else f"IN {keys}"
        return f"{column} {among}", [*params, *more]


def among_keys(column: str, keys: "QuerySet[Any]") -> Q:
    """Rows whose ``column`` is one of ``keys``, which are few: those of a page, of some domains, of what is shared."""
    return Q(_AmongKeys(F(column), Subquery(keys)))


class Few(Func):
    """``Few(column, subquery)``: that the column is among few values, for rows that have an index of it.

    Left out by ``exclude``, such rows are looked up in the values for each row, in the order of the rows, and rows
    without a value stay; the number of all others is found by counting those few.
    """

    output_field = BooleanField()
    conditional = True

    def __init__(self, column: str, values: "QuerySet[Any]"):
        super().__init__(F(column), Subquery(values))

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> Any:
        (column, params), (values, more) = (compiler.compile(part) for part in self.source_expressions)
        return f"({column} IN {values} AND {column} IS NOT NULL)", [*params, *more, *params]


def total_of(queryset: "QuerySet[Any]") -> Any:
    """An expression for the number of rows.

    Where :class:`Few` rows are left out, all are counted and then those: nothing is looked up for each row.
    """
    query = queryset.query
    left_out: list[Any] = [node for node in query.where.children if _leaves_out_few(node)]
    others = [node for node in query.where.children if node not in left_out]
    flat = query.where.connector == AND and not query.where.negated
    if len(left_out) != 1 or not flat or not all(isinstance(node, Exact | In | IsNull) for node in others):
        # Conditions that take long for each row are not asked twice.
        return CountOf(queryset)
    met: Any = left_out[0].clone()
    met.negated = False
    return CountOf(_where(queryset, others)) - CountOf(_where(queryset, [*others, met]))


def _leaves_out_few(node: Any) -> bool:
    if not isinstance(node, WhereNode) or not node.negated or len(node.children) != 1:
        return False
    [condition] = node.children
    return isinstance(getattr(condition, "lhs", condition), Few)


def _where(queryset: "QuerySet[Any]", nodes: list[Any]) -> "QuerySet[Any]":
    found = queryset.all()
    found.query.where = WhereNode(nodes, AND)
    return found
