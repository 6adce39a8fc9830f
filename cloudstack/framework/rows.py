"""An UPDATE of rows that are told by the values of their columns, without the ORM's query machinery.

The job engine and the state machines write such statements at every turn, and to make one of a queryset takes longer
than the database takes to carry it out. Values go through the fields all the same.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connections, models, router, transaction


def update_where(model: type[models.Model], where: Mapping[str, Any], changes: Mapping[str, Any]) -> int:
    """Set ``changes`` in the rows in which every field has the value of ``where``; answers how many there were.

    Both hold names of fields; ``where`` has plain values, none of them None. Removed rows are reached too. Raises
    ``FieldDoesNotExist`` and what the database raises.
    """
    if any(hasattr(value, "resolve_expression") for value in changes.values()):
        return model._base_manager.filter(**where).update(**changes)
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    texts: list[list[str]] = []
    values: list[Any] = []
    for part in (changes, where):
        texts.append([])
        for name, value in part.items():
            field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
            texts[-1].append(f"{quote(field.column)} = %s")
            plain = value.pk if isinstance(value, models.Model) else value
            values.append(field.get_db_prep_save(plain, connection))
    sql = f"UPDATE {quote(model._meta.db_table)} SET {', '.join(texts[0])} WHERE {' AND '.join(texts[1])}"  # noqa: S608
    with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
