"""Who looked at the screen of which machine, and when."""

from django.conf import settings
from django.db import models

from apps.accounts.models import Account, Domain
from apps.compute.models.virtual_machine import VirtualMachine
from cloudstack.framework.models import PublicModel


class ConsoleSession(PublicModel):
    """One permission to open a console, and what became of it.

    ``acquired`` is set once, by the connection that brings the token; from then on the token opens nothing.
    """

    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    """SHA-256 of the token, in hexadecimal; the token itself is kept nowhere."""
    extra_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    """The same of the additional token that the creator asked for; empty for none."""
    vm = models.ForeignKey(VirtualMachine, on_delete=models.CASCADE, related_name="console_sessions", db_index=False)
    vm_owner = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    """Who owned the machine when the token was made: the token is void once it is another's."""
    host = models.ForeignKey(
        "infrastructure.Host", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    """Where the machine ran when the token was made: the token is void once it runs elsewhere."""
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="console_sessions", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    """The user's own account, whose session it is."""
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="+", db_index=False)
    expires = models.DateTimeField()
    """Until when the token can be used."""
    acquired = models.DateTimeField(null=True, blank=True)
    seen = models.DateTimeField(null=True, blank=True, editable=False)
    """When the portal last looked after the open console; one whose server died is found by it."""
    ended = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=255, blank=True, default="")
    creator_address = models.CharField(max_length=64, blank=True, default="")
    """Where the request for the token came from."""
    client_address = models.CharField(max_length=64, blank=True, default="")
    """Where the console was opened from."""

    class Meta:
        verbose_name = "console session"
        indexes = [
            models.Index(fields=["vm", "id"], name="console_of_vm"),
            models.Index(fields=["host", "id"], name="console_on_host"),
            models.Index(fields=["user", "id"], name="console_of_user"),
            models.Index(fields=["account", "id"], name="console_of_account"),
            models.Index(fields=["domain", "id"], name="console_of_domain"),
            models.Index(fields=["created"], name="console_created"),
            models.Index(fields=["creator_address", "id"], name="console_creator_address"),
            models.Index(fields=["client_address", "id"], name="console_client_address"),
            models.Index(fields=["id"], condition=models.Q(ended__isnull=True), name="console_open"),
        ]

    def __str__(self) -> str:
        return f"console of {self.vm} for {self.user}"
