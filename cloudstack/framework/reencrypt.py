"""Writes all that is stored encrypted anew, under the newest key: afterwards the older keys can be thrown away."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models, router

from cloudstack.framework.configuration import registry
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.secrets import EncryptedField, is_under_newest_key, rotated

BATCH = 500


class _Stored(models.Func):
    """The column as it is stored, not opened."""

    template = "%(expressions)s"
    output_field = models.TextField()


@dataclass
class Column:
    """What became of one column of secrets."""

    name: str
    rewritten: int = 0
    fresh: int = 0
    """Under the newest key already."""
    lost: int = 0
    """Opened by none of the keys."""


def reencrypt() -> list[Column]:
    """Every column of every app, and the secret settings. Can be interrupted and repeated, beside a running portal."""
    return [_rewrite(model, field, rows) for model, field, rows in _columns()]


def _columns() -> Iterator[tuple[type[models.Model], str, "models.QuerySet[Any]"]]:
    for model in apps.get_models():
        if model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedField):
                yield model, field.name, model._base_manager.all()
    secret = [key.name for key in registry.all_keys() if key.secret]
    yield ConfigValue, "value", ConfigValue.objects.filter(name__in=secret)


def _rewrite(model: type[models.Model], field: str, rows: "models.QuerySet[Any]") -> Column:
    column = Column(f"{model._meta.label}.{field}")
    last: Any = None
    while True:
        page = rows.order_by("pk") if last is None else rows.order_by("pk").filter(pk__gt=last)
        batch = list(page.annotate(_stored=_Stored(models.F(field))).values_list("pk", "_stored")[:BATCH])
        for key, stored in batch:
            if stored:
                _one(model, field, key, stored, column)
        if len(batch) < BATCH:
            return column
        last = batch[-1][0]


def _one(model: type[models.Model], field: str, key: Any, stored: str, column: Column) -> None:
    try:
        if is_under_newest_key(stored):
            column.fresh += 1
            return
        text = rotated(stored)
    except ImproperlyConfigured:
        column.lost += 1
        return
    column.rewritten += _swap(model, field, key, stored, text)


def _swap(model: type[models.Model], field: str, key: Any, old: str, new: str) -> int:
    """Compare and swap past the field, which would encrypt once more; a value written meanwhile stays as it is."""
    connection = connections[router.db_for_write(model)]
    quote: Callable[[str], str] = connection.ops.quote_name
    meta = model._meta
    table, pk = quote(meta.db_table), quote(str(meta.pk.column if meta.pk else "id"))
    name = quote(str(meta.get_field(field).column))  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {name} = %s WHERE {pk} = %s AND {name} = %s", [new, key, old])  # noqa: S608
        return int(cursor.rowcount)
