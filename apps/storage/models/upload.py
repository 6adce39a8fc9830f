"""Permission to upload one file."""

import uuid

from django.db import models
from django.utils import timezone

from apps.storage.models.template import Template


class UploadTicket(models.Model):
    """A one-time right to send the file of a template; its UUID stands in the signed address."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    template = models.OneToOneField(Template, on_delete=models.CASCADE, related_name="upload_ticket")
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField()
    claimed = models.DateTimeField(null=True, blank=True, editable=False)
    """When an upload began; the ticket opens nothing after that."""

    class Meta:
        indexes = [models.Index(fields=["expires"], name="upload_ticket_expires")]

    def __str__(self) -> str:
        return f"upload of {self.template}"
