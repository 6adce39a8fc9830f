"""What PostgreSQL knows of the text in the compared columns: how often something stands there."""

from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import Index, Model

from cloudstack.framework.search.indexes import BeginsIndex
from cloudstack.framework.search.lookups import folded


def gather_statistics(using: str) -> int:
    """Have PostgreSQL keep statistics of the compared columns, which it does not by indexes with a condition.

    Without them it takes every piece of text for frequent, and reads a table where the index has the answer. Answers
    how many there were to make.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT stxname FROM pg_statistic_ext WHERE pg_statistics_obj_is_visible(oid)")
        known = {name for (name,) in cursor.fetchall()}
        wanted = {index.name: (model, index) for model, index in text_indexes_of(BeginsIndex)}
        missing = {name: where for name, where in wanted.items() if name not in known}
        for name, (model, index) in missing.items():
            field: Any = model._meta.get_field(index.fields[0])
            table, column = (connection.ops.quote_name(part) for part in (model._meta.db_table, field.column))
            expression = folded(column, field)
            cursor.execute(f"CREATE STATISTICS {connection.ops.quote_name(name)} ON ({expression}) FROM {table}")
        for table in {model._meta.db_table for model, _ in missing.values()}:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table)}")
    return len(missing)


def text_indexes_of(kind: type[Index]) -> list[tuple[type[Model], Index]]:
    """Models with each of their indexes of this class."""
    models = [model for model in apps.get_models() if not model._meta.proxy and model._meta.managed]
    return [(model, index) for model in models for index in model._meta.indexes if isinstance(index, kind)]
