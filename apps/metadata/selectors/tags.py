"""Tags of objects, and objects by their tags."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Model, QuerySet

from apps.metadata.kinds import names_of
from apps.metadata.models import ResourceTag
from apps.metadata.models.tag import tag_condition


def tags_of(model: type[Model]) -> QuerySet[ResourceTag]:
    """Tags of objects of ``model``, by object and key."""
    return ResourceTag.objects.filter(kind__in=names_of(model)).order_by("object_id", "folded_key")


def tagged(queryset: QuerySet[Any], pairs: Iterable[tuple[str, str | None]]) -> QuerySet[Any]:
    """Rows that carry at least one of the tags."""
    wanted = reduce(or_, (tag_condition(key, value) for key, value in pairs))
    return queryset.filter(pk__in=tags_of(queryset.model).filter(wanted).order_by().values("object_id"))
