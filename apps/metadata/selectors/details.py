"""Details of objects: from the objects' own column, or from rows that hang on them."""

from typing import Any

from django.db.models import (
    Aggregate,
    Exists,
    F,
    Func,
    JSONField,
    Model,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from apps.metadata.kinds import Kind, names_of
from apps.metadata.models import ResourceDetail
from cloudstack.framework.context import Caller, RoleType


class _ObjectOf(Aggregate):
    """Keys and values of rows as one JSON object."""

    function = "JSON_GROUP_OBJECT"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, function="JSONB_OBJECT_AGG", **context)


class _Without(Func):
    """A JSON object without the keys that a subquery gives."""

    output_field = JSONField()
    arity = 2
    arg_joiner = ") pair WHERE pair.key NOT IN "
    template = "(SELECT JSON_GROUP_OBJECT(pair.key, pair.value) FROM JSON_EACH(%(expressions)s)"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(%(expressions)s)", arg_joiner=" - ARRAY", **context
        )  # fmt: skip


def _rows(model: type[Model]) -> QuerySet[ResourceDetail]:
    return ResourceDetail.objects.filter(kind__in=names_of(model), object_id=OuterRef("pk"))


def shown_details(model: type[Model], column: str, role_type: RoleType) -> Any:
    """For the rows of a list of ``model``: the map in ``column`` as callers of this type see it."""
    if role_type == RoleType.ADMIN:
        return F(column)
    # PostgreSQL takes away keys of the type text only.
    hidden = _rows(model).filter(is_displayed=False).values(name=Cast("key", TextField()))
    return _Without(F(column), Subquery(hidden))


def hung_details(model: type[Model], role_type: RoleType) -> Any:
    """For the rows of a list of ``model``, which has no column for them: its details as a map."""
    rows = _rows(model).order_by().values("object_id").annotate(pairs=_ObjectOf("key", "value"))
    if role_type != RoleType.ADMIN:
        rows = rows.filter(is_displayed=True)
    return Subquery(rows.values("pairs"), output_field=JSONField())


def details_of(kind: Kind, obj: Any, *, caller: Caller) -> list[tuple[str, str, bool]]:
    """Key, value, and whether all see it: what ``caller`` may see, by key."""
    rows = ResourceDetail.objects.filter(kind=kind.name, object_id=obj.pk)
    if kind.details_column:
        hidden = set(rows.filter(is_displayed=False).values_list("key", flat=True))
        own = getattr(obj, kind.details_column)
        found = [(key, str(value), key not in hidden) for key, value in sorted(own.items())]
    else:
        found = list(rows.order_by("key").values_list("key", "value", "is_displayed"))
    return [detail for detail in found if detail[2] or caller.is_root_admin]


def with_detail(queryset: QuerySet[Any], kind: Kind, key: str, *, displayed: bool | None) -> QuerySet[Any]:
    """Objects with the detail ``key``, as ``_key`` and ``_value``; ``displayed``: only if all see it, or not all."""
    rows = ResourceDetail.objects.filter(kind=kind.name, object_id=OuterRef("pk"), key=key)
    if kind.details_column:
        queryset = queryset.filter(**{f"{kind.details_column}__has_key": key})
        queryset = queryset.annotate(_value=Cast(KeyTextTransform(key, kind.details_column), TextField()))
    else:
        queryset = queryset.annotate(_value=Subquery(rows.values("value"))).filter(_value__isnull=False)
    queryset = queryset.annotate(_key=Value(key, output_field=TextField()))
    if displayed is None:
        return queryset
    hidden = Exists(rows.filter(is_displayed=False))
    return queryset.filter(~hidden if displayed else hidden)
