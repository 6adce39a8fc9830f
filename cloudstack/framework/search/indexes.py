"""Indexes for text: one for whole names and their begins, one for what stands inside a name.

Both are declared like every index, for every database, and made as the database at hand can.
"""

from collections.abc import Iterable
from typing import Any

from django.db.backends.ddl_references import Statement, Table
from django.db.models import Index, Model, Q

from cloudstack.framework.search.lookups import folded
from cloudstack.framework.search.trigrams import has_trigrams

ALIVE = Q(removed__isnull=True)
_NOTHING = "SELECT 1"
"""What is carried out for an index that this database does not have: Django wants a statement for each."""


class _TextIndex(Index):
    """An index of one column of text."""

    def _statement(self, model: type[Model], editor: Any, expression: str, concurrently: bool) -> Statement:
        condition = self._get_condition_sql(model, editor)  # type: ignore[attr-defined]
        return Statement(
            "CREATE INDEX %(quietly)s%(name)s ON %(table)s %(expression)s%(condition)s",
            quietly="CONCURRENTLY " if concurrently else "",
            name=editor.quote_name(self.name),
            table=Table(model._meta.db_table, editor.quote_name),
            expression=expression,
            condition=editor._index_condition_sql(condition),
        )

    def column(self, model: type[Model], editor: Any) -> tuple[str, Any]:
        """The quoted column, and its field."""
        field: Any = model._meta.get_field(self.fields[0])
        return editor.quote_name(field.column), field


class BeginsIndex(_TextIndex):
    """Serves the lookups ``named`` and ``begins``, on PostgreSQL also ``iexact`` and ``istartswith``.

    Further fields stand behind the text as they are.
    """

    def create_sql(
        self, model: type[Model], schema_editor: Any, using: str = "", concurrently: bool = False, **kwargs: Any
    ) -> Statement:
        column, field = self.column(model, schema_editor)
        if schema_editor.connection.vendor == "postgresql":
            first = f"({folded(column, field)}) text_pattern_ops"
        else:
            first = f"{column} COLLATE NOCASE"
        behind: list[Any] = [model._meta.get_field(name) for name in self.fields[1:]]
        others = [schema_editor.quote_name(field.column) for field in behind]
        expression = f"({', '.join([first, *others])})"
        return self._statement(model, schema_editor, expression, concurrently)


class ContainsIndex(_TextIndex):
    """Serves ``icontains`` on PostgreSQL with trigrams; elsewhere there is nothing like it, and no index is made.

    It keeps no statistics of the column: PostgreSQL estimates with those of the :class:`BeginsIndex` beside it.
    """

    def create_sql(  # type: ignore[override]
        self, model: type[Model], schema_editor: Any, using: str = "", concurrently: bool = False, **kwargs: Any
    ) -> Statement | str:
        if not (schema_editor.collect_sql or has_trigrams(schema_editor.connection)):
            return _NOTHING
        if schema_editor.connection.vendor != "postgresql":
            return _NOTHING
        column, _ = self.column(model, schema_editor)
        return self._statement(model, schema_editor, f"USING gin (UPPER({column}) gin_trgm_ops)", concurrently)

    def remove_sql(self, model: type[Model], schema_editor: Any, **kwargs: Any) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return _NOTHING
        return super().remove_sql(model, schema_editor, **kwargs)


def text_indexes(prefix: str, *columns: str, condition: Q | None = ALIVE) -> Iterable[Index]:
    """Both indexes for each column, named ``<prefix>_<column>_begins`` and ``…_holds``."""
    for column in columns:
        yield BeginsIndex(fields=(column,), condition=condition, name=f"{prefix}_{column}_begins")
        yield ContainsIndex(fields=(column,), condition=condition, name=f"{prefix}_{column}_holds")
