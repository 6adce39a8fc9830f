"""Key pairs and tokens that a caller may see or change: those of the users within his reach."""

from django.db.models import Q, QuerySet

from apps.accounts.models import AccountType, ApiKeyPair, ApiToken
from apps.accounts.selectors.scope import domains_beneath
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller


def key_pairs_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ApiKeyPair]:
    """See :func:`_of_users`."""
    return ApiKeyPair.objects.filter(_of_users(caller)).select_related("user__account__role")


def tokens_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ApiToken]:
    """See :func:`_of_users`."""
    return ApiToken.objects.filter(_of_users(caller)).select_related("user__account__role")


def _of_users(caller: Caller) -> Q:
    """A user has his own only, not those of others in the account. Those of root admins are for root admins."""
    everyone = Q(user__account__is_system=False)
    if caller.is_root_admin:
        return everyone
    own = Q(user_id=caller.user_id)
    if caller.is_domain_admin:
        beneath = Q(user__domain__in=domains_beneath(caller.domain_path).values("pk"))
        return everyone & (own | (beneath & ~Q(user__account__type=AccountType.ADMIN)))
    return own
