"""Templates and ISOs that a caller may see, use or change, in CloudStack's seven views of them."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OuterRef, Q, QuerySet
from guardian.models import GroupObjectPermission

from apps.accounts.models import Account
from apps.accounts.selectors import owned_by, owned_scope, shared_with
from apps.infrastructure.models import Zone
from apps.storage.models import ISO, Iso, Template, TemplateZone
from apps.storage.states import TemplateState, TemplateType
from cloudstack.api import Access
from cloudstack.framework.context import Caller

USE_TEMPLATE = "use_template"
T = TypeVar("T", bound=Template)


def templates_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Template]:
    """One's own, public ones, and what others have shared; only one's own to change. ISOs are among them."""
    return _reach(Template.objects.exclude(type=TemplateType.VOLUME), caller, access)


def isos_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Iso]:
    """Discs, by the same rules."""
    return _reach(Iso.objects.all(), caller, access)


def _reach(images: QuerySet[T], caller: Caller, access: Access) -> QuerySet[T]:
    reach = owned_scope(images, caller=caller, access=access, shareable=USE_TEMPLATE)
    if access == Access.USE and not caller.is_root_admin:
        return reach | images.filter(is_public=True)
    return reach


def _own(caller: Caller) -> Q:
    return owned_by(caller)


def _shared(caller: Caller) -> Q:
    shared = shared_with(Template, caller=caller, codename=USE_TEMPLATE)
    return Q(pk__in=shared) & ~owned_by(caller)


_READY = Q(state=TemplateState.ACTIVE)
TEMPLATE_FILTERS: dict[str, Callable[[Caller], Q]] = {
    "featured": lambda caller: Q(is_public=True, is_featured=True),
    "community": lambda caller: Q(is_public=True, is_featured=False),
    "self": _own,
    "selfexecutable": lambda caller: _own(caller) & _READY,
    "shared": _shared,
    "sharedexecutable": lambda caller: _shared(caller) & _READY,
    "executable": lambda caller: (_own(caller) | _shared(caller) | Q(is_public=True)) & _READY,
    "all": lambda caller: Q(),
}
"""What each ``templatefilter`` and ``isofilter`` admits, among the images that the caller sees."""


def templates_by_filter(*, caller: Caller, name: str) -> QuerySet[Template]:
    """Templates that are no ISOs; ``name`` is a key of ``TEMPLATE_FILTERS``."""
    return _by_filter(Template.objects.exclude(format=ISO).exclude(type=TemplateType.VOLUME), caller, name)


def isos_by_filter(*, caller: Caller, name: str) -> QuerySet[Iso]:
    return _by_filter(Iso.objects.all(), caller, name)


def _by_filter(images: QuerySet[T], caller: Caller, name: str) -> QuerySet[T]:
    condition = TEMPLATE_FILTERS[name](caller)
    if name in ("featured", "community"):
        # What is public is public: no need to look at owners and grants.
        return images.filter(condition)
    return _reach(images, caller, Access.USE).filter(condition)


def accounts_using(template: Template) -> QuerySet[Account]:
    """Accounts that ``template`` was shared with."""
    grants = GroupObjectPermission.objects.filter(
        content_type=ContentType.objects.get_for_model(Template),
        object_pk=str(template.pk),
        permission__codename=USE_TEMPLATE,
    )
    return Account.objects.filter(group__in=grants.values("group")).order_by("name", "id")


def template_for_job(*, uuid: Any) -> Template:
    return Template.all_objects.select_related("account__domain", "domain").get(uuid=uuid)


def ready_in_zone(template: Template, zone: Zone) -> bool:
    """Whether machines can be made of ``template`` in ``zone``."""
    offered = TemplateZone.objects.filter(template_id=OuterRef("pk"), zone=zone)
    ready = Template.objects.filter(pk=template.pk, state=TemplateState.ACTIVE)
    return ready.filter(Q(is_cross_zone=True) | Exists(offered)).exists()
