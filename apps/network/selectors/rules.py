"""Which rules of networks a caller may see or change."""

from django.db.models import QuerySet

from apps.accounts.selectors import owned_scope
from apps.network.models import NetworkRule
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def rules_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[NetworkRule]:
    return owned_scope(NetworkRule.objects.all(), caller=caller, access=access)
