"""Guest operating systems: everyone reads them, operators change them."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.infrastructure.models import Zone
from apps.storage.models import ISO, GuestOs, GuestOsCategory, TemplateZone
from apps.storage.selectors.templates import templates_visible_to
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


def categories_with_images(
    *, caller: Caller, zone: Zone | None, isos: bool | None, architecture: str
) -> QuerySet[Any, Any]:
    """Primary keys of the families of which the caller can use an image: of this kind, in this zone."""
    images = templates_visible_to(caller=caller)
    if zone is not None:
        offered = TemplateZone.objects.filter(template_id=OuterRef("pk"), zone=zone)
        images = images.filter(Q(is_cross_zone=True) | Exists(offered))
    if isos is not None:
        images = images.filter(format=ISO) if isos else images.exclude(format=ISO)
    if architecture:
        images = images.filter(architecture=architecture)
    return images.filter(guest_os__isnull=False).order_by().values("guest_os__category")
