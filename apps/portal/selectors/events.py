"""Which events a caller may see."""

from django.db.models import QuerySet

from apps.accounts.selectors.scope import accounts_beneath
from cloudstack.api import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.events.models import Event


def events_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Event]:
    """Root admins see all events, domain admins those of accounts in their subtree, users those of their account."""
    events = Event.objects.all()
    if caller.is_root_admin:
        return events
    if caller.is_domain_admin:
        return events.filter(account_uuid__in=accounts_beneath(caller.domain_path).values("uuid"))
    return events.filter(account_uuid=caller.account_uuid)
