"""Details: free pairs of a key and a value, for operators and their tools."""

from django.db import models

from apps.metadata.models.base import AttachedModel

MAX_KEY = 255
MAX_VALUE = 1024


class ResourceDetail(AttachedModel):
    """One detail of one object.

    Kinds whose objects have a column for their details (``Kind.details_column``) keep keys and values there alone:
    of them there are rows for the keys that only operators see, without a value.
    """

    part = "details"

    key = models.CharField(max_length=MAX_KEY)
    value = models.CharField(max_length=MAX_VALUE, blank=True, default="")
    is_displayed = models.BooleanField(default=True)
    """Whether others than root admins see it."""

    class Meta:
        verbose_name = "detail"
        constraints = [models.UniqueConstraint(fields=("kind", "object_id", "key"), name="detail_once_per_object")]
        indexes = [models.Index(fields=("kind", "key", "object_id"), name="detail_by_key")]

    def __str__(self) -> str:
        return f"{self.key}={self.value}" if self.value else self.key
