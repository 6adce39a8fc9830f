"""Tags of objects, and objects by their tags."""

from collections.abc import Collection, Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db import connections
from django.db.models import Model, QuerySet

from apps.metadata.kinds import names_of
from apps.metadata.models import ResourceTag
from apps.metadata.models.tag import folded, pair_number, tag_condition
from cloudstack.framework.search import same_text


def tags_of(model: type[Model]) -> QuerySet[ResourceTag]:
    """Tags of objects of ``model``, by object and key."""
    return ResourceTag.objects.filter(kind__in=names_of(model)).order_by("object_id", "folded_key")


def tagged(queryset: QuerySet[Any], pairs: Iterable[tuple[str, str | None]]) -> QuerySet[Any]:
    """Rows that carry at least one of the tags."""
    wanted = reduce(or_, (tag_condition(key, value) for key, value in pairs))
    return queryset.filter(pk__in=tags_of(queryset.model).filter(wanted).order_by().values("object_id"))


def kinds_tagged(kinds: Collection[str], *, key: str, value: str | None, either: bool = False) -> set[str]:
    """Which of these kinds have objects with the tag, whoever they belong to; one look into an index for each kind.

    ``value`` None stands for any. With ``either``, ``key`` may be the key or the value.
    """
    connection = connections[ResourceTag.objects.db]
    conditions, values = ["t.folded_key = %s"], [[folded(key)]]
    if either:
        same, times = same_text("t.value", ResourceTag._meta.get_field("value"), connection.vendor)
        conditions.append(same)
        values.append([key] * times)
    elif value is not None:
        conditions = ["t.pair = %s AND t.folded_key = %s AND t.value = %s"]
        values = [[pair_number(key, value), folded(key), value]]
    table = connection.ops.quote_name(ResourceTag._meta.db_table)
    looks = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.kind = k.kind AND {condition})"  # noqa: S608 - no value in it
        for condition in conditions
    )
    names = ", ".join(["(%s)"] * len(kinds))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH k(kind) AS (VALUES {names}) SELECT k.kind FROM k WHERE {looks}",  # noqa: S608 - no value in it
            [*kinds, *(value for group in values for value in group)],
        )
        return {kind for (kind,) in cursor.fetchall()}
