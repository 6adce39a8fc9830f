"""Domains and zones that an offering is kept for, read with the page itself."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Aggregate, OuterRef, QuerySet, Subquery, TextField


class Joined(Aggregate):
    """The values of a column as a comma list."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "STRING_AGG((%(expressions)s)::text, ',')"
        return super().as_sql(compiler, connection, template=template, **context)


def with_audience(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """Offerings with ``_domains`` and ``_zones`` (for :func:`joined_uuids`), ``_domain_names`` and ``_zone_names``."""
    domains, zones = queryset.model.domains.through, queryset.model.zones.through
    return queryset.annotate(
        _domains=_joined(domains, "domain__uuid"),
        _domain_names=_joined(domains, "domain__name"),
        _zones=_joined(zones, "zone__uuid"),
        _zone_names=_joined(zones, "zone__name"),
    )


def _joined(through: Any, column: str) -> Subquery:
    offering = f"{next(field for field in through._meta.fields if field.name.endswith('offering')).name}_id"
    rows = through.objects.filter(**{offering: OuterRef("pk")}).order_by().values(offering)
    return Subquery(rows.annotate(joined=Joined(column)).values("joined"), output_field=TextField())


def joined_uuids(name: str) -> Callable[[Mapping[str, Any]], str | None]:
    """SQLite stores UUIDs without hyphens, so each is written anew."""

    def read(row: Mapping[str, Any]) -> str | None:
        return ",".join(str(UUID(part)) for part in row[name].split(",")) if row[name] else None

    return read
