"""The different values of an indexed column, without reading all of its rows."""

from django.db import connections, models

MOST = 500


def occurring(model: type[models.Model], field: str) -> list[str]:
    """The values of ``field`` that rows of ``model`` have, in order, at most ``MOST``; the empty one is left out.

    One statement that jumps from value to value in an index that begins with the field: its time depends on how many
    different values there are, not on how many rows.
    """
    connection = connections[model._default_manager.db]
    quote = connection.ops.quote_name
    table, column = quote(model._meta.db_table), quote(str(model._meta.get_field(field).column))
    # Names of tables and columns are declared in models; no value goes into the text.
    sql = f"""
        WITH RECURSIVE seen(value, number) AS (
            SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > %s), 1
            UNION ALL
            SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > seen.value), seen.number + 1
            FROM seen WHERE seen.value IS NOT NULL AND seen.number < %s
        )
        SELECT value FROM seen WHERE value IS NOT NULL
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, ["", MOST])
        return [str(value) for (value,) in cursor.fetchall()]
