"""The limits that clients read."""

from collections.abc import Sequence

from apps.accounts.models import Account, Domain
from apps.accounts.models.domain import ROOT_PATH
from apps.accounts.models.limit import UNLIMITED
from apps.accounts.selectors.limits import own_limits
from apps.accounts.services.limit_rules import (
    Counted,
    DomainLimits,
    Holder,
    default_limit,
    has_no_limits,
    holder_of,
    smallest,
)
from cloudstack.framework.context import Caller


class LimitsShown:
    """The limits of one account, or of some domains, read in a few statements however many domains there are."""

    def __init__(self, owners: Sequence[Account | Domain], *, caller: Caller):
        self._of_domains = DomainLimits([_path(owner) for owner in owners])
        self._own = {owner.pk: own_limits(owner, caller=caller) for owner in owners if isinstance(owner, Account)}

    def of(self, owner: Account | Domain, counted: Counted) -> int:
        """-1 is none; memory in MiB, storage in GiB."""
        if isinstance(owner, Domain):
            if owner.path == ROOT_PATH:
                return UNLIMITED
            own = self._of_domains.own(owner.path, counted)
            return limit_shown(own, owner.path, counted, self._of_domains, of=Domain)
        if has_no_limits(owner):
            return UNLIMITED
        own = self._own[owner.pk].get((int(counted.kind), counted.tag))
        return limit_shown(own, _path(owner), counted, self._of_domains, of=holder_of(owner))


def limit_shown(
    own: int | None,
    path: str,
    counted: Counted,
    of_domains: DomainLimits,
    *,
    of: Holder,
) -> int:
    """The limit that clients read: the one that was set, else the smallest of the default and the domains above."""
    if own is not None:
        return own
    if of is Domain:
        return of_domains.smallest(path, counted)
    default = default_limit(counted, of=of)
    return smallest((default, of_domains.smallest(path, counted)))


def _path(owner: Account | Domain) -> str:
    return owner.path if isinstance(owner, Domain) else owner.domain.path
