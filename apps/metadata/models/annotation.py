"""Annotations: what people note about an object."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.metadata.models.base import AttachedModel
from cloudstack.framework.models import CloudModel

MAX_TEXT = 4096


class Annotation(AttachedModel, CloudModel):
    """A remark of a user about one object. ``kind`` is the name that annotations have for it: VM, HOST…"""

    part = named_by = "note"

    text = models.TextField(max_length=MAX_TEXT)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    """Who wrote it."""
    admins_only = models.BooleanField(default=False)
    """Only root admins read it."""

    class Meta(CloudModel.Meta):
        indexes = [
            models.Index(fields=("kind", "object_id", "id"), condition=Q(removed__isnull=True), name="note_on_object"),
            models.Index(fields=("object_uuid",), condition=Q(removed__isnull=True), name="note_by_uuid"),
            models.Index(fields=("user", "id"), condition=Q(removed__isnull=True), name="note_of_user"),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:57]}..."
