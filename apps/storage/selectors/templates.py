"""Templates that a caller may see, use or change, in CloudStack's seven views of them."""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.selectors import owned_scope, shared_with
from apps.infrastructure.models import Zone
from apps.storage.models import Template, TemplateZone
from apps.storage.states import TemplateState
from cloudstack.api import Access
from cloudstack.framework.context import Caller

USE_TEMPLATE = "use_template"


def templates_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Template]:
    """One's own, public ones, and what others have shared; only one's own to change."""
    templates = Template.objects.all()
    reach = owned_scope(templates, caller=caller, access=access, shareable=USE_TEMPLATE)
    if access == Access.USE and not caller.is_root_admin:
        return reach | templates.filter(is_public=True)
    return reach


def _own(caller: Caller) -> Q:
    return Q(account_id=caller.account_id)


def _shared(caller: Caller) -> Q:
    shared = shared_with(Template, group_id=caller.group_id, codename=USE_TEMPLATE)
    return Q(pk__in=shared) & ~Q(account_id=caller.account_id)


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
"""What each ``templatefilter`` admits, among the templates that the caller sees."""


def templates_by_filter(*, caller: Caller, name: str) -> QuerySet[Template]:
    """``name`` is a key of ``TEMPLATE_FILTERS``."""
    condition = TEMPLATE_FILTERS[name](caller)
    if name in ("featured", "community"):
        # What is public is public: no need to look at owners and grants.
        return Template.objects.filter(condition)
    return templates_visible_to(caller=caller).filter(condition)


def template_for_job(*, uuid: Any) -> Template:
    return Template.all_objects.select_related("account__domain", "domain").get(uuid=uuid)


def ready_in_zone(template: Template, zone: Zone) -> bool:
    """Whether machines can be made of ``template`` in ``zone``."""
    offered = TemplateZone.objects.filter(template_id=OuterRef("pk"), zone=zone)
    ready = Template.objects.filter(pk=template.pk, state=TemplateState.ACTIVE)
    return ready.filter(Q(is_cross_zone=True) | Exists(offered)).exists()
