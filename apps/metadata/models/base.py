"""Base of everything that hangs on an object."""

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone


class AttachedModel(models.Model):
    """A row about one object of some kind: its name on the wire, its primary key and its UUID.

    The key is what lists join with, the UUID what clients know; neither ever changes.
    """

    part: ClassVar[str]
    """The field of :class:`apps.metadata.kinds.Kind` that says whether objects of a kind have such rows."""
    named_by: ClassVar[str] = "name"
    """Which of the names of a kind ``kind`` is: a field of the same class."""

    kind = models.CharField(max_length=32, editable=False)
    object_id = models.BigIntegerField(editable=False)
    object_uuid = models.UUIDField(editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


def place_of(kind: str, obj: Any) -> dict[str, Any]:
    """The columns that say on what a row hangs."""
    return {"kind": kind, "object_id": obj.pk, "object_uuid": obj.uuid}
