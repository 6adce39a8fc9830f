"""Guest operating systems: everyone reads them, operators change them."""

from django.db.models import QuerySet

from apps.storage.models import GuestOs, GuestOsCategory
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def guest_oses_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[GuestOs]:
    """Those that are shown; operators see all."""
    if caller.is_root_admin:
        return GuestOs.objects.all()
    return GuestOs.objects.filter(is_displayed=True) if access == Access.USE else GuestOs.objects.none()


def guest_os_categories_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[GuestOsCategory]:
    categories = GuestOsCategory.objects.all()
    return categories if caller.is_root_admin or access == Access.USE else categories.none()
