"""Commands on templates; what brings new ones stands beside."""

from typing import Any

from django.db.models import Q

from apps.storage import events
from apps.storage.api.commands.image import (
    DeleteImageCmd,
    ListImagePermissionsCmd,
    ListImagesCmd,
    UpdateImageCmd,
    UpdateImagePermissionsCmd,
)
from apps.storage.api.refused import RefusedFlag
from apps.storage.api.responses.template import TemplateResponse
from apps.storage.models import ISO, Template
from apps.storage.selectors import TEMPLATE_FILTERS, templates_by_filter
from apps.storage.states import SHOWN_TYPES
from cloudstack.api import ROOT, Access, Choice, Flag, ListOf, Ref, Str
from cloudstack.api.entities import entity_for
from cloudstack.framework.context import Caller


class TemplateRef(Ref[Template]):
    """A template that is no ISO: one is answered as what does not exist."""

    def __init__(self, wire: str, **options: Any):
        super().__init__(wire, Template, **options)

    def resolve(self, value: Any, *, caller: Caller | None) -> Any:
        found = super().resolve(value, caller=caller)
        if found.is_iso:
            raise entity_for(Template).unknown(value, self.wire)
        return found


class ListTemplates(ListImagesCmd):
    """Lists templates: templatefilter says whose and in what state."""

    response = TemplateResponse
    by_filter = templates_by_filter

    image_filter = Choice("templatefilter", tuple(TEMPLATE_FILTERS), required=True, help=", ".join(TEMPLATE_FILTERS))
    kind = Choice("templatetype", SHOWN_TYPES, lookup="type", help="USER, BUILTIN or SYSTEM")
    details = ListOf("details", Str, help="all (if left out) or min")
    parent = TemplateRef("parenttemplateid", help="templates that belong to this one; none do")
    appliance = Flag("isvnf", help="templates of network appliances, of which there are none, or the others")
    kubernetes = Flag("forcks", help="templates for Kubernetes nodes, of which there are none, or the others")

    def queryset(self) -> Any:
        rows = super().queryset()
        return rows.none() if self.parent or self.appliance or self.kubernetes else rows

    def of_kind(self) -> Q:
        return ~Q(format=ISO)

    def omitted(self) -> frozenset[str]:
        least = frozenset({"downloaddetails", "details"})
        return super().omitted() | (least if self.details == ["min"] else frozenset())


class UpdateTemplate(UpdateImageCmd):
    """Changes a template's texts, flags and details."""

    response = TemplateResponse

    image = TemplateRef("id", access=Access.MODIFY, required=True, help="the template")
    tag = Str("templatetag", roles=ROOT, help="tag of the hosts that run it")
    kind = Choice("templatetype", SHOWN_TYPES, roles=ROOT, help="USER, BUILTIN or SYSTEM")
    routing = RefusedFlag("isrouting")
    kubernetes = RefusedFlag("forcks")

    def more(self) -> dict[str, Any]:
        return {"tag": self.tag, "type": self.kind}


class DeleteTemplate(DeleteImageCmd):
    """Deletes a template; machines made from it stay."""

    event_type = events.TEMPLATE_DELETE

    image = TemplateRef("id", access=Access.MODIFY, required=True, help="the template")
    forced = Flag("forced", default=False, help="accepted; machines made from it never stand in the way")
    system = Flag("issystem", default=False, help="accepted; templates of the platform are never deleted")


class UpdateTemplatePermissions(UpdateImagePermissionsCmd):
    """Says who may use a template beside its owner."""

    image = TemplateRef("id", access=Access.MODIFY, select_related=["account"], required=True, help="the template")


class ListTemplatePermissions(ListImagePermissionsCmd):
    """Shows who may use a template beside its owner."""

    image = TemplateRef("id", access=Access.MODIFY, select_related=["domain"], required=True, help="the template")
