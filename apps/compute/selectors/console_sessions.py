"""Which console sessions a caller may see: those of accounts within his reach."""

from django.db.models import QuerySet

from apps.accounts.selectors import owned_scope
from apps.compute.models import ConsoleSession
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def console_sessions_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ConsoleSession]:
    return owned_scope(ConsoleSession.objects.all(), caller=caller, access=access)
