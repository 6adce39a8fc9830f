"""Which events a caller may see."""

from django.db.models import Q, QuerySet

from apps.accounts.models import AccountType
from apps.accounts.selectors.scope import accounts_beneath
from cloudstack.api import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.events.models import Event


def events_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Event]:
    """Root admins see all events, domain admins those of accounts in their subtree, and everybody those of his account
    and projects. Those of root admins tell of the platform: they are for root admins only."""
    events = Event.objects.all()
    if caller.is_root_admin:
        return events
    if caller.is_domain_admin:
        accounts = accounts_beneath(caller.domain_path).exclude(type=AccountType.ADMIN)
        beneath = Q(account_uuid__in=accounts.values("uuid"))
        return events.filter(beneath | Q(account_uuid__in=caller.account_uuids) if caller.memberships else beneath)
    return events.filter(account_uuid__in=caller.account_uuids)
