"""Rows that many tests begin with: made once in a process by the real commands, then put in again as they were."""

import functools
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

Made = TypeVar("Made")
Row = tuple[Any, ...]
State = tuple[Row, ...]
"""Of each table how many rows it has and the highest key."""

_AT_ONCE = 50
"""Tables asked for in one statement: databases take some hundred, and plan long ones slowly."""


@dataclass
class Memory:
    """What a function made: its rows by table, its answer, and when that was."""

    rows: dict[str, tuple[Sequence[str], list[Row]]]
    answer: Any
    made: datetime


_memories: dict[Any, Memory | None] = {}


def remembered(make: Callable[..., Made]) -> Callable[..., Made]:
    """Carry ``make`` out once for each database that it finds and for each set of arguments; then repeat its rows.

    It must do nothing but add rows, and its answer must bear to be copied. Times are as old as they would be. Whoever
    changes rows before it, and not their number, gets what was made without that change: build upon it instead.
    """

    @functools.wraps(make)
    def made(**arguments: Any) -> Made:
        key = (make.__qualname__, connection.vendor, tuple(sorted(arguments.items())), _state())
        if key not in _memories:
            before = _contents()
            began = timezone.now()
            answer = make(**arguments)
            rows = _added(before, _contents())
            _memories[key] = None if rows is None else Memory(rows, deepcopy(answer), began)
            return answer
        memory = _memories[key]
        if memory is None:
            return make(**arguments)
        _put_in(memory.rows, timezone.now() - memory.made)
        return deepcopy(memory.answer)

    return made


@functools.cache
def _tables() -> dict[str, str]:
    """Table → column of its key, of every model."""
    models = apps.get_models(include_auto_created=True, include_swapped=False)
    found = {model._meta.db_table: model._meta.pk.column for model in models if model._meta.managed}
    present = set(connection.introspection.table_names())
    return {table: column for table, column in sorted(found.items()) if table in present}


def _state() -> State:
    quote = connection.ops.quote_name
    asked = [
        f"SELECT * FROM (SELECT count(*), max(CAST({quote(key)} AS varchar)) FROM {quote(table)}) AS t{number}"
        for number, (table, key) in enumerate(_tables().items())
    ]
    found: list[Row] = []
    with connection.cursor() as cursor:
        for start in range(0, len(asked), _AT_ONCE):
            cursor.execute(" UNION ALL ".join(asked[start : start + _AT_ONCE]))
            found += cursor.fetchall()
    return tuple(found)


def _contents() -> dict[str, tuple[Sequence[str], list[Row]]]:
    found = {}
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f"SELECT * FROM {quote(table)}")
            found[table] = ([column[0] for column in cursor.description], cursor.fetchall())
    return found


def _added(before: Any, after: Any) -> dict[str, tuple[Sequence[str], list[Row]]] | None:
    """The rows that are new; None when a row that was there is another one now."""
    added = {}
    for table, (columns, rows) in after.items():
        known = {repr(row) for row in before[table][1]}
        new = [row for row in rows if repr(row) not in known]
        if len(rows) - len(new) != len(known):
            return None
        if new:
            added[table] = (columns, new)
    return added


def _put_in(rows: dict[str, tuple[Sequence[str], list[Row]]], later: timedelta) -> None:
    quote = connection.ops.quote_name
    # In one transaction, at whose end PostgreSQL looks at keys; of rows that are committed each it would at once.
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        for table, (columns, old) in rows.items():
            names = ", ".join(quote(name) for name in columns)
            places = ", ".join(["%s"] * len(columns))
            new = [tuple(_moved(value, later) for value in row) for row in old]
            cursor.executemany(f"INSERT INTO {quote(table)} ({names}) VALUES ({places})", new)


def _moved(value: Any, later: timedelta) -> Any:
    return value + later if isinstance(value, datetime) else value
