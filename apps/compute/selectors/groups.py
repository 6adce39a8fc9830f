"""Which instance groups and which registered user data a caller may see or change."""

from django.db.models import QuerySet

from apps.accounts.selectors import owned_scope
from apps.compute.models import InstanceGroup, UserData
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def instance_groups_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[InstanceGroup]:
    return owned_scope(InstanceGroup.objects.all(), caller=caller, access=access)


def user_data_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[UserData]:
    return owned_scope(UserData.objects.all(), caller=caller, access=access)
