"""Whether PostgreSQL can find text inside names by index: its extension pg_trgm."""

import time
from typing import Any

import structlog
from django.db import DatabaseError, connections, transaction

log = structlog.get_logger(__name__)
KEPT_FOR_S = 300.0
"""Seconds for which a process believes what it saw: an operator who brings the extension need not restart it."""
MISSING = (
    "PostgreSQL has no extension pg_trgm: search finds names by their begin only, and the keyword of lists reads whole "
    "tables. Let a superuser run CREATE EXTENSION pg_trgm in the database, then run manage.py rebuild_search"
)
_VISIBLE = "SELECT EXISTS (SELECT FROM pg_opclass WHERE opcname = 'gin_trgm_ops' AND pg_opclass_is_visible(oid))"
_INDEXES = """
SELECT c.relname FROM pg_class c JOIN pg_am a ON a.oid = c.relam JOIN pg_index i ON i.indexrelid = c.oid
 WHERE a.amname = 'gin' AND i.indisvalid AND pg_table_is_visible(c.oid)
"""
_seen: dict[tuple[str, ...], tuple[float, frozenset[str]]] = {}


def has_trigrams(connection: Any) -> bool:
    """Whether such indexes can be made."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(_VISIBLE)
        return bool(cursor.fetchone()[0])


def bring_trigrams(using: str) -> bool:
    """Make the extension if there is none and the role may; says in the log when it may not."""
    connection = connections[using]
    if connection.vendor != "postgresql" or has_trigrams(connection):
        return connection.vendor == "postgresql"
    try:
        with transaction.atomic(using=using), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as error:
        log.warning("search.no_trigrams", error=str(error).strip(), remedy=MISSING)
        return False
    return True


def indexes_of(connection: Any) -> frozenset[str]:
    """Names of the indexes that serve ``icontains``, read once in some minutes."""
    if connection.vendor != "postgresql":
        return frozenset()
    place = tuple(str(connection.settings_dict.get(part)) for part in ("HOST", "PORT", "NAME"))
    known = _seen.get(place)
    if known is None or time.monotonic() - known[0] > KEPT_FOR_S:
        with connection.cursor() as cursor:
            cursor.execute(_INDEXES)
            known = (time.monotonic(), frozenset(name for (name,) in cursor.fetchall()))
        _seen[place] = known
    return known[1]


def forget() -> None:
    """Look again at once."""
    _seen.clear()
