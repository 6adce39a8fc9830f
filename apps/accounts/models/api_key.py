"""Key pairs with which a user's programs sign requests."""

from django.conf import settings
from django.db import models

from cloudstack.framework.models import CloudModel
from cloudstack.framework.secrets import EncryptedField


class ApiKeyPair(CloudModel):
    """One pair; the secret half is stored encrypted and shown to its owner only."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=255, blank=True, default="")
    api_key = models.CharField(max_length=255, unique=True)
    secret_key = EncryptedField(editable=False)

    class Meta(CloudModel.Meta):
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name or f"{self.api_key[:8]}…"
