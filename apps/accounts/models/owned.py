"""Base of everything that an account owns."""

from django.db import models

from apps.accounts.models.account import Account
from apps.accounts.models.domain import Domain
from cloudstack.framework.models import CloudModel


class OwnedModel(CloudModel):
    """A cloud object with an owner. Subclasses extend ``Meta(OwnedModel.Meta)`` and keep its ``indexes``."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="+", db_index=False)
    """That of the account, repeated: a domain admin's list needs no join."""

    class Meta(CloudModel.Meta):
        abstract = True
        indexes = [
            models.Index(fields=("account", "id"), condition=models.Q(removed__isnull=True), name="%(class)s_acct"),
            models.Index(fields=("domain", "id"), condition=models.Q(removed__isnull=True), name="%(class)s_dom"),
        ]
