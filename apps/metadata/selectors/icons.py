"""Icons of objects."""

from django.db.models import Model, QuerySet

from apps.metadata.kinds import names_of
from apps.metadata.models import ResourceIcon


def icons_of(model: type[Model]) -> QuerySet[ResourceIcon]:
    """Icons of objects of ``model``."""
    return ResourceIcon.objects.filter(kind__in=names_of(model)).order_by("id")
