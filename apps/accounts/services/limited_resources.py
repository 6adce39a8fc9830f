"""Kinds of resources that plugins count: what the core's kinds have, from one declaration."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Count, QuerySet

from apps.accounts.config import declare_limits
from apps.accounts.models import Account
from apps.accounts.models.limit import FurtherType, register_type
from apps.accounts.services.counting import register_counter
from apps.accounts.services.limits import LimitManager


@dataclass(frozen=True, kw_only=True)
class LimitedResource:
    """Something of which an account, a project and a domain may hold so many pieces.

    Its limits are set, listed, recounted and shown like those of machines. ``reserve`` and ``release`` belong into
    the transaction that makes or removes the pieces.
    """

    name: str
    """On the wire: ``coffee`` is the resource type of limits and begins the fields ``coffeelimit``, ``coffeetotal``."""
    plural: str
    """Ends the names of the settings (``max.account.coffees``), and is their word for it."""
    title: Any
    """Of its bar on the pages of users."""
    held: Callable[[], QuerySet[Any]]
    """Everything that counts, whoever owns it: rows of an ``OwnedModel``, a piece each. Recounts ask it."""
    account: int = 20
    """How many an account may hold where nobody has set a limit; -1: any number."""
    domain: int = 40
    project: int = 20

    @cached_property
    def kind(self) -> FurtherType:
        """What counters and limits know it by."""
        return FurtherType(self.name)

    def reserve(self, account: Account, pieces: int = 1) -> None:
        """Count ``pieces`` more for the account and the domains above it. Raises ``LimitExceeded`` and counts none."""
        LimitManager().reserve(account, {self.kind: pieces})

    def release(self, account: Account, pieces: int = 1) -> None:
        """Count ``pieces`` less."""
        LimitManager().release(account, {self.kind: pieces})

    def register(self, component: str) -> None:
        """Count it from now on; ``component`` declares its settings. Raises ``ImproperlyConfigured``."""
        register_type(self.kind)
        declare_limits(
            self.kind,
            self.plural.replace(" ", "."),
            self.plural,
            of_account=self.account,
            of_domain=self.domain,
            of_project=self.project,
            component=component,
        )
        register_counter(self.kind, self._count)

    def _count(self, accounts: Collection[int]) -> Mapping[int, int]:
        rows = self.held().filter(account__in=accounts).order_by().values("account_id").annotate(pieces=Count("pk"))
        return dict(rows.values_list("account_id", "pieces"))
