"""The statement of a search, written once for a caller and carried out with other terms.

To write it takes ten times as long as the database takes to answer it, and whoever types asks some times in a row. It
is kept under all that the caller is made of, the versions of his roles among it, and for a minute at most. What he may
see is still read from the database each time: the statement holds his conditions, not their outcome.
"""

import time
import uuid
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import BigIntegerField, QuerySet

from apps.metadata.models.tag import folded, pair_number
from apps.portal.selectors.search_terms import Term
from cloudstack.framework.search.lookups import LAST

KEPT_FOR_S = 60.0
MOST_KEPT = 200
LONGEST_KEPT = 63
"""Longer terms do not fit into every column: their statements are others, and rare."""
_TEXT, _KEY, _VALUE, _IP, _MAC = (f"○{name}○" for name in ("text", "KEY", "value", "ip", "mac"))
_FIRST, _LAST = uuid.UUID(int=0xFACADE), uuid.UUID(int=0xFACADE + 1)

Maker = Callable[[Term], Any]
_kept: dict[Hashable, tuple[float, Any]] = {}


class Marked(Term):
    """A term of the same shape as another, with marks in place of what a database compares."""

    def __init__(self, like: Term):
        super().__init__(_TEXT)
        value = like.tag[1]
        known: dict[str, Any] = {
            "uuids": like.uuids and (_FIRST, _FIRST if like.is_uuid else _LAST),
            "ip": like.ip and (like.ip[0], _IP),
            "mac": like.mac and (like.mac[0], _MAC),
            "tag": (_KEY, None if value is None else _VALUE),
            "may_be_value": like.may_be_value,
            "has_trigram": like.has_trigram,
        }
        self.__dict__.update(known)


def shape_of(term: Term) -> Hashable:
    """What two terms have in common whose statements differ in values alone; None for one that has none."""
    if len(term.text) > LONGEST_KEPT:
        return None
    places = (term.ip and term.ip[0], term.mac and term.mac[0])
    return term.is_uuid, term.uuids is None, places, term.may_be_value, term.tag[1] is None, term.has_trigram


def kept(key: Hashable, write: Callable[[], Any]) -> Any:
    """What ``write`` made for this key in the last minute, or makes now."""
    now = time.monotonic()
    found = _kept.get(key)
    if found is None or now - found[0] > KEPT_FOR_S:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        found = _kept[key] = (now, write())
    return found[1]


def forget() -> None:
    """Write anew whatever is asked for next."""
    _kept.clear()


class Written:
    """Queries whose rows are read in one statement; they have columns of the same types."""

    def __init__(self, queries: Iterable[QuerySet[Any]], alias: str):
        self.alias = alias
        parts: list[str] = []
        self.values: list[Any] = []
        for query in queries:
            try:
                sql, params = query.query.get_compiler(connection=connections[alias]).as_sql()
            except EmptyResultSet:
                continue
            # The ORM wrote it, values are apart.
            parts.append(f"SELECT * FROM ({sql}) part{len(parts)}")  # noqa: S608
            self.values.extend(params)
        self.sql = " UNION ALL ".join(parts)
        self._makers: list[Maker | None] | None = None

    def marked(self) -> "Written":
        """The same, whose marks are replaced by what a term has instead."""
        makers = _makers(connections[self.alias])
        self._makers = [
            makers.get(value) if isinstance(value, str | int | uuid.UUID) else None for value in self.values
        ]
        return self

    def rows(self, term: Term | None = None) -> list[tuple[Any, ...]]:
        """What is found; none without queries."""
        if not self.sql:
            return []
        values = self.values
        if term is not None and self._makers is not None:
            values = [make(term) if make else value for value, make in zip(values, self._makers, strict=True)]
        with connections[self.alias].cursor() as cursor:
            cursor.execute(self.sql, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _makers(connection: Any) -> dict[Any, Maker]:
    """Value with a mark, as the ORM gives it to the database → the same of a term."""
    marks: dict[str, Callable[[Term], str]] = {
        _TEXT: lambda term: term.text,
        _KEY: lambda term: term.tag[0],
        _KEY.lower(): lambda term: folded(term.tag[0]),
        _VALUE: lambda term: term.tag[1] or "",
        _IP: lambda term: term.ip[1] if term.ip else "",
        _MAC: lambda term: term.mac[1] if term.mac else "",
    }
    pattern = connection.ops.prep_for_like_query
    made: dict[Any, Maker] = {}
    for mark, text in marks.items():
        made[mark] = text
        made[mark + LAST] = lambda term, text=text: text(term) + LAST
        made[f"{mark}%"] = lambda term, text=text: f"{pattern(text(term))}%"
        made[f"%{mark}%"] = lambda term, text=text: f"%{pattern(text(term))}%"
    for place, known in ((1, _LAST), (0, _FIRST)):
        made[known] = lambda term, place=place: term.uuids and term.uuids[place]
        made[known.hex] = lambda term, place=place: term.uuids and term.uuids[place].hex
    made[pair_number(_KEY, _VALUE)] = lambda term: BigIntegerField().get_db_prep_value(
        pair_number(term.tag[0], term.tag[1] or ""), connection
    )
    return made
