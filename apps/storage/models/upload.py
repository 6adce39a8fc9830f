"""Permission to upload one file, and to download one."""

import uuid

from django.db import models
from django.utils import timezone

from apps.storage.models.image_store import ImageStore
from apps.storage.models.template import Template
from apps.storage.models.volume import Volume


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


class DownloadTicket(models.Model):
    """A right to fetch a file for a while; its UUID stands in the signed address.

    The file of ``image`` lies in ``store`` under the image's UUID, a copy of ``volume``'s data under the ticket's.
    ``ready`` is set when it is there.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    image = models.ForeignKey(Template, null=True, on_delete=models.CASCADE, related_name="download_tickets")
    volume = models.ForeignKey(Volume, null=True, on_delete=models.CASCADE, related_name="download_tickets")
    store = models.ForeignKey(ImageStore, on_delete=models.PROTECT, related_name="download_tickets")
    file_name = models.CharField(max_length=300)
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField()
    ready = models.BooleanField(default=False, editable=False)

    class Meta:
        indexes = [models.Index(fields=["expires"], name="download_ticket_expires")]

    def __str__(self) -> str:
        return f"download of {self.image or self.volume}"

    @property
    def key(self) -> str:
        """Name of the file in its store."""
        return str(self.image.uuid if self.image else self.uuid)
