"""Rolling up and forgetting, a whole table at a time: one statement for each stretch, whatever the number of rows."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Max, Min, Model, QuerySet, Sum
from django.utils import timezone

from cloudstack.framework.rollups import arithmetic
from cloudstack.framework.rollups.config import kept
from cloudstack.framework.rollups.models import History

log = logging.getLogger(__name__)

SETTLED = timedelta(seconds=30)
"""A stretch is made so long after its end: what was measured within it is stored by then."""
AT_ONCE = 400
"""Stretches that one run makes of a width; after a long standstill the next run makes the rest."""
BATCH = 5000
BATCHES = 200


@dataclass(frozen=True)
class Raw:
    """Single measurements in a table of their own; ``aggregates`` make one stretch of them."""

    model: type[Model]
    moment: str
    aggregates: Mapping[str, Any]


@dataclass(frozen=True)
class Family:
    """A table of figures over time and the widths that it holds, narrowest first."""

    model: type[History]
    widths: Sequence[int]
    raw: Raw | None = None
    """What the narrowest stretches are made of; None: they are stored as they are measured."""


_families: dict[type[History], Family] = {}


def register(family: Family) -> None:
    """Have the figures of ``family`` rolled up and forgotten with the others."""
    _families[family.model] = family


def families() -> list[Family]:
    return sorted(_families.values(), key=lambda family: family.model._meta.label)


def roll_up_all(now: datetime | None = None) -> None:
    """All families; what fails with one does not stop the others, and is raised in the end."""
    now, failure = now or timezone.now(), None
    for family in families():
        try:
            prune(family, now, complete=roll_up(family, now))
        except Exception as error:
            log.exception("figures of %s were not rolled up", family.model._meta.label)
            failure = error
    if failure is not None:
        raise failure


def roll_up(family: Family, now: datetime) -> dict[int, datetime]:
    """Make the stretches that are over; answers for each width until when they are made of all there is.

    May run twice, or late, or be killed: a stretch is made in one statement, and made again it is the same.
    """
    complete, until = {}, now - SETTLED
    for position, width_s in enumerate(family.widths):
        if position or family.raw:
            until = _make(family, position, until)
        complete[width_s] = until
    return complete


def _make(family: Family, position: int, until: datetime) -> datetime:
    width_s = family.widths[position]
    source, moment = _source(family, position)
    stored = family.model._base_manager.filter(width_s=width_s)

    def first_after(at: datetime) -> datetime | None:
        first: datetime | None = source.filter(**{f"{moment}__gte": at}).aggregate(first=Min(moment))["first"]
        return first

    done = stored.aggregate(last=Max("began"))["last"]
    for count, began in enumerate(arithmetic.due(first_after, done=done, until=until, width_s=width_s), 1):
        end = began + timedelta(seconds=width_s)
        rows = source.filter(**{f"{moment}__gte": began, f"{moment}__lt": end})
        _store(family, rows, position, began)
        if count == AT_ONCE:
            return end
    return arithmetic.stretch(until, width_s)


def _source(family: Family, position: int) -> tuple[QuerySet[Any], str]:
    if position:
        return family.model._base_manager.filter(width_s=family.widths[position - 1]), "began"
    if family.raw is None:
        raise ValueError(f"the narrowest figures of {family.model._meta.label} are stored, not made")
    return family.raw.model._base_manager.all(), family.raw.moment


def _store(family: Family, rows: QuerySet[Any], position: int, began: datetime) -> None:
    """One stretch of every key: the database makes the rows out of its own."""
    model = family.model
    if position or family.raw is None:
        aggregates: dict[str, Any] = {name: Sum(name) for name in ("samples", *model.sums)}
        aggregates |= {name: Max(name) for name in model.peaks}
    else:
        aggregates = dict(family.raw.aggregates)
    columns = [_column(model, name) for name in model.keys]
    made = rows.order_by().values(*columns).annotate(**{f"made_{name}": how for name, how in aggregates.items()})
    select, values = made.values_list(*columns, *(f"made_{name}" for name in aggregates)).query.sql_with_params()
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    results = [_column(model, name) for name in aggregates]
    into = ", ".join(quote(name) for name in ("width_s", "began", *columns, *results))
    unique = ", ".join(quote(name) for name in (*columns, "width_s", "began"))
    again = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in results)
    sql = (
        f"INSERT INTO {quote(model._meta.db_table)} ({into}) SELECT %s, %s, made.* FROM ({select}) made WHERE true "  # noqa: S608
        f"ON CONFLICT ({unique}) DO UPDATE SET {again}"
    )
    field: Any = model._meta.get_field("began")
    moment = field.get_db_prep_value(began, connection)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql, [family.widths[position], moment, *values])


def _column(model: type[Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return str(field.column)


def prune(family: Family, now: datetime, *, complete: Mapping[int, datetime]) -> int:
    """Forget stretches older than they are to be kept, some thousand at a time; none of which a wider one is not made.

    Answers how many were forgotten.
    """
    gone = 0
    for width_s, wider in zip(family.widths, [*family.widths[1:], None], strict=True):
        before = now - kept(width_s)
        if wider is not None:
            before = min(before, complete[wider])
        old = family.model._base_manager.filter(width_s=width_s, began__lt=before)
        for _ in range(BATCHES):
            batch = list(old.order_by("began").values_list("pk", flat=True)[:BATCH])
            family.model._base_manager.filter(pk__in=batch).delete()
            gone += len(batch)
            if len(batch) < BATCH:
                break
    return gone
