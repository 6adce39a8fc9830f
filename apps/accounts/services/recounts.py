"""Recount on request of an administrator."""

from collections.abc import Collection

from apps.accounts.models import Account, Domain
from apps.accounts.models.limit import Kind
from apps.accounts.services.counting import recount_account, recount_domain
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import PermissionDenied


class RecountManager:
    """Puts counters right; each row in a transaction of its own, so that nobody waits for all of them."""

    def recount(
        self, *, caller: Caller, owner: Account | Domain, kinds: Collection[Kind], tag: str | None = None
    ) -> None:
        """Recount an account, or all accounts and domains in and below a domain; with ``tag`` what is counted by it."""
        if not caller.is_admin:
            raise PermissionDenied("Only administrators recount")
        if isinstance(owner, Account):
            recount_account(owner, kinds, tag)
            return
        accounts = Account.objects.select_related("domain").filter(domain__path__startswith=owner.path)
        for account in accounts.order_by("pk").iterator():
            recount_account(account, kinds, tag)
        for domain in Domain.objects.filter(path__startswith=owner.path).order_by("-level", "pk"):
            recount_domain(domain, kinds, tag)
