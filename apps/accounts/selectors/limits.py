"""Limits and counts of one account or domain, all kinds at once."""

from apps.accounts.models import Account, AccountType, Domain, ResourceCount, ResourceLimit
from apps.accounts.selectors.people import accounts_visible_to, domains_visible_to
from apps.accounts.selectors.projects import projects_visible_to
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter


def own_limits(owner: Account | Domain, *, caller: Caller) -> dict[tuple[int, str], int]:
    """(type, tag) → limit, for those that differ from the defaults. Raises ``InvalidParameter`` when out of sight."""
    rows = ResourceLimit.objects.filter(**_owned(owner, caller)).values_list("type", "tag", "max")
    return {(kind, tag): maximum for kind, tag, maximum in rows}


def counts(owner: Account | Domain, *, caller: Caller) -> dict[tuple[int, str], int]:
    """(type, tag) → count. Raises ``InvalidParameter`` when the owner is out of the caller's sight."""
    rows = ResourceCount.objects.filter(**_owned(owner, caller)).values_list("type", "tag", "count")
    return {(kind, tag): count for kind, tag, count in rows}


def _owned(owner: Account | Domain, caller: Caller) -> dict[str, int]:
    if isinstance(owner, Account):
        if owner.type == AccountType.PROJECT:
            seen = projects_visible_to(caller=caller, access=Access.OPERATE).filter(account=owner).exists()
        else:
            seen = owner.pk == caller.account_id or accounts_visible_to(caller=caller).filter(pk=owner.pk).exists()
        where = {"account_id": owner.pk}
    else:
        seen = domains_visible_to(caller=caller).filter(pk=owner.pk).exists()
        where = {"domain_id": owner.pk}
    if not seen:
        raise InvalidParameter(f"Unable to find {owner._meta.verbose_name} {owner}")
    return where
