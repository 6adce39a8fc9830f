"""What the API itself remembers."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from cloudstack.framework.secrets import EncryptedField


class IdempotentCall(models.Model):
    """A call that was carried out under a key of its caller's, with its answer for whoever repeats it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    command = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    """HMAC over the command and its parameters: the same key with other parameters is a mistake."""
    answer: "models.Field[Any, Any]" = EncryptedField(blank=True, default="", editable=False)
    """JSON of what stood under the envelope. Encrypted: an answer may show a new key for the only time."""
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-id",)
        constraints = [models.UniqueConstraint(fields=("user", "key"), name="one_call_per_user_and_key")]
        indexes = [models.Index(fields=("created",), name="idempotentcall_created")]

    def __str__(self) -> str:
        return f"{self.command} {self.key}"
