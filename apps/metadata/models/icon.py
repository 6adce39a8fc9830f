"""Icons: a small picture for an object."""

from django.db import models

from apps.metadata.models.base import AttachedModel


class ResourceIcon(AttachedModel):
    """The picture of one object, as browsers take it."""

    part = "icon"

    image = models.TextField()
    """Base64 text of a PNG, JPEG or GIF file; checked when it was uploaded."""
    updated = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        verbose_name = "icon"
        constraints = [models.UniqueConstraint(fields=("kind", "object_id"), name="icon_once_per_object")]

    def __str__(self) -> str:
        return f"icon of {self.kind} {self.object_uuid}"
