"""Public SSH keys that users put on their machines."""

from django.db import models

from apps.accounts.models import OwnedModel
from cloudstack.framework.search import text_indexes


class SshKeyPair(OwnedModel):
    """A named public key of an account. Private keys are never stored: they are shown once when made."""

    name = models.CharField(max_length=255)
    public_key = models.TextField()
    fingerprint = models.CharField(max_length=128)
    """MD5 in colon-separated hex, as CloudStack's clients compare it."""

    class Meta(OwnedModel.Meta):
        verbose_name = "SSH key pair"
        indexes = [
            *OwnedModel.Meta.indexes,
            *text_indexes("ssh_key", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"], condition=models.Q(removed__isnull=True), name="key_name_once_per_account"
            )
        ]

    def __str__(self) -> str:
        return self.name
