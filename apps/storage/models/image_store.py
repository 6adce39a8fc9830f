"""Image stores: where the masters of templates are kept."""

from django.db import models

from cloudstack.framework.models import CloudModel
from cloudstack.framework.search import text_indexes
from cloudstack.framework.secrets import EncryptedField


class ImageStore(CloudModel):
    """One place for images, of one zone or (``zone`` empty) of all. Sizes as last reported, in bytes.

    ``provider`` names the driver; ``credentials`` is a JSON object, encrypted.
    """

    name = models.CharField(max_length=255)
    zone = models.ForeignKey(
        "infrastructure.Zone", null=True, blank=True, on_delete=models.PROTECT, related_name="image_stores"
    )
    provider = models.CharField(max_length=64)
    protocol = models.CharField(max_length=32, blank=True, default="")
    url = models.CharField(max_length=1024)
    credentials = EncryptedField(null=True, blank=True)
    details = models.JSONField(default=dict, blank=True)
    read_only = models.BooleanField(default=False)
    capacity_bytes = models.PositiveBigIntegerField(default=0)
    capacity_is_given = models.BooleanField(default=False)
    """The operator bounded the store; what the driver says does not replace it."""
    used_bytes = models.PositiveBigIntegerField(default=0)
    facts_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When the driver last told the sizes."""

    class Meta(CloudModel.Meta):
        indexes = [
            *text_indexes("image_store", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(removed__isnull=True), name="image_store_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name
