"""The different values of an indexed column, without reading all of its rows."""

from django.db import connections, models

MOST = 500


def occurring(model: type[models.Model], *fields: str) -> dict[str, list[str]]:
    """For each of ``fields`` the values that rows of ``model`` have, in order, at most ``MOST``, but the empty one.

    One statement that jumps from value to value in an index that begins with the field: its time depends on how many
    different values there are, not on how many rows.
    """
    connection = connections[model._default_manager.db]
    quote = connection.ops.quote_name
    table, parts, chosen = quote(model._meta.db_table), [], []
    # Names of tables and columns are declared in models; no value goes into the text.
    for number, field in enumerate(fields):
        column, seen = quote(str(model._meta.get_field(field).column)), f"seen_{number}"
        parts.append(f"""{seen}(value, number) AS (
            SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > %s), 1
            UNION ALL
            SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > {seen}.value), {seen}.number + 1
            FROM {seen} WHERE {seen}.value IS NOT NULL AND {seen}.number < %s)""")  # noqa: S608
        chosen.append(f"SELECT {number}, value FROM {seen} WHERE value IS NOT NULL")  # noqa: S608
    found: dict[str, list[str]] = {field: [] for field in fields}
    with connection.cursor() as cursor:
        cursor.execute(f"WITH RECURSIVE {', '.join(parts)} {' UNION ALL '.join(chosen)}", ["", MOST] * len(fields))
        for number, value in cursor.fetchall():
            found[fields[number]].append(str(value))
    return {field: sorted(values) for field, values in found.items()}
