"""Takes a free number out of ranges so that the database decides who gets it.

A number is taken by inserting a row under a unique constraint. The first try is a random number, which
on a mostly empty range costs one statement and lets callers at the same time miss each other; when it
is taken, the index names the next gap. Losing a race means trying again, never a doubled number.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef

from apps.network.services.addressing import Span, random_start

Row = TypeVar("Row", bound=models.Model)

MAX_LOST_RACES = 500
"""Each lost race means that somebody else took a number; this many in one call mean that something is broken."""


def insert(create: Callable[[int], Row], number: int) -> Row | None:
    """The new row, or None when a unique constraint says that the number is taken."""
    try:
        with transaction.atomic():
            return create(number)
    except IntegrityError:
        return None


def next_gap(held: models.QuerySet, field: str, span: Span) -> int | None:
    """The lowest number of ``span`` that no row of ``held`` has, found along the index."""
    if not held.filter(**{field: span.first}).exists():
        return span.first
    successor = held.filter(**{field: OuterRef(field) + 1})
    last_of_run = (
        held.filter(**{f"{field}__gte": span.first, f"{field}__lt": span.last})
        .filter(~Exists(successor))
        .order_by(field)
        .values_list(field, flat=True)
        .first()
    )
    return None if last_of_run is None else last_of_run + 1


def lowest_free(held: models.QuerySet, field: str, spans: Sequence[Span]) -> int | None:
    """The lowest free number of all ``spans``."""
    return next((number for span in spans if (number := next_gap(held, field, span)) is not None), None)


def take_number(
    *,
    held: models.QuerySet,
    field: str,
    spans: Sequence[Span],
    create: Callable[[int], Row],
    already: Callable[[], Row | None] = lambda: None,
) -> Row | None:
    """Create a row for a free number of ``spans``; None when all are taken.

    ``held`` are the rows that hold numbers of this kind and scope, ``field`` their number. ``create``
    inserts the row and lets ``IntegrityError`` through. ``already`` finds the row that the same holder
    has got in the meantime: then that one is the answer.
    """
    if not spans:
        return None
    for _ in range(MAX_LOST_RACES):
        index, start = random_start(spans)
        row = insert(create, start) or already()
        if row is not None:
            return row
        # From the random number to the end, then from the beginning up to it.
        ahead = [Span(start, spans[index].last), *spans[index + 1 :]]
        behind = [*spans[:index], Span(spans[index].first, start)]
        number = lowest_free(held, field, [*ahead, *behind])
        if number is None:
            return None
        row = insert(create, number) or already()
        if row is not None:
            return row
    raise RuntimeError(f"{MAX_LOST_RACES} numbers in a row were taken by others")
