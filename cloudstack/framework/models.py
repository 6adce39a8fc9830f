"""Abstract bases of every entity: a public UUID, a birth date, and a row that outlives its deletion."""

import uuid
from collections.abc import Callable
from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone

_on_removal: list[Callable[["CloudModel"], None]] = []


def on_removal(function: Callable[["CloudModel"], None]) -> None:
    """Have ``function`` called with each row that is removed, in the transaction of its removal."""
    if function not in _on_removal:
        _on_removal.append(function)


class LiveManager(models.Manager):
    """Rows that are not removed."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(removed__isnull=True)


class PublicModel(models.Model):
    """An object with a UUID; integer keys never leave the database."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class CloudModel(PublicModel):
    """A public object whose row stays after deletion (``removed``), out of every default query."""

    removed = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[models.Manager[Self]] = LiveManager()
    all_objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        abstract = True
        base_manager_name = "all_objects"

    def mark_removed(self, **changes: Any) -> bool:
        """Set ``removed`` once; False when the row was removed already."""
        changes["removed"] = timezone.now()
        rows = type(self).objects.filter(pk=self.pk).update(**changes)
        if rows:
            for name, value in changes.items():
                setattr(self, name, value)
            self.was_removed()
        return bool(rows)

    def was_removed(self) -> None:
        """Tell those that hang something on objects; whoever sets ``removed`` in another way calls this himself."""
        for function in _on_removal:
            function(self)
