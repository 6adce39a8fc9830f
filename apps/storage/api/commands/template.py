"""Commands on templates."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.api.attached import TagFilter
from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.models import Account
from apps.infrastructure.models import Zone
from apps.storage import events
from apps.storage.api.refused import RefusedFlag
from apps.storage.api.responses.template import TemplateResponse
from apps.storage.models import GuestOs, GuestOsCategory, ImageStore, StoragePool, Template, TemplateZone
from apps.storage.selectors import TEMPLATE_FILTERS, templates_by_filter
from apps.storage.services.templates import TemplateManager
from apps.storage.states import TemplateState, TemplateType
from cloudstack.api import (
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseCmd,
    Choice,
    Flag,
    Int,
    ListOf,
    Map,
    Ref,
    Str,
    SuccessResponse,
)
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.jobs import AsyncJob

EVERYBODYS = ("featured", "community", "executable", "sharedexecutable", "shared")
"""Filters that say themselves whose templates are meant, so that account and listall do not narrow them."""


class ListTemplates(TagFilter, AccountScopedListCmd):
    """Lists templates: templatefilter says whose and in what state."""

    response = TemplateResponse
    keyword_fields = ("name", "display_text")
    ordering = ("sort_key", "id")

    template_filter = Choice("templatefilter", tuple(TEMPLATE_FILTERS), required=True, help=", ".join(TEMPLATE_FILTERS))
    template_name = Str("name", lookup="name", help="exact name")
    hypervisor = Str("hypervisor", lookup="hypervisor__iexact", help="templates for this hypervisor")
    zone = Ref("zoneid", Zone, help="templates that can be used in this zone")
    pool = Ref("storageid", StoragePool, help="templates that are cached on this pool")
    store = Ref("imagestoreid", ImageStore, help="templates in this image store")
    os_category = Ref("oscategoryid", GuestOsCategory, lookup="guest_os__category", help="of this family of systems")
    kind = Choice("templatetype", TemplateType, lookup="type", help="USER, BUILTIN or SYSTEM")
    arch = Str("arch", lookup="architecture", help="for this CPU architecture")
    ready = Flag("isready", help="templates that machines can be made from, or the others")
    removed = Flag("showremoved", default=False, help="also deleted ones; root admins only")
    unique = Flag("showunique", default=False, help="accepted; each template is listed once")
    details = ListOf("details", Str, help="all (if left out) or min")

    def queryset(self) -> QuerySet[Template]:
        rows = self._filtered()
        if self.zone is not None:
            offered = TemplateZone.objects.filter(template_id=OuterRef("pk"), zone=self.zone)
            rows = rows.filter(Q(is_cross_zone=True) | Exists(offered))
        if self.pool is not None:
            rows = rows.filter(pk__in=self.pool.template_refs.values("template"))
        if self.store is not None:
            rows = rows.filter(pk__in=self.store.template_refs.values("template"))
        if self.ready is not None:
            active = Q(state=TemplateState.ACTIVE)
            rows = rows.filter(active if self.ready else ~active)
        return rows

    def _filtered(self) -> QuerySet[Template]:
        if self.removed and self.caller.is_root_admin:
            return Template.all_objects.all()
        name = self.template_filter
        if name == "all" and not self.caller.is_admin:
            raise PermissionDenied("templatefilter=all is for administrators only", parameter="templatefilter")
        rows = templates_by_filter(caller=self.caller, name=name)
        if self.account and name not in ("featured", "community"):
            owner: Account = self._named_account()
            if name in ("self", "selfexecutable"):
                rows = templates_by_filter(caller=self.caller, name="all").filter(account=owner)
                return rows.filter(state=TemplateState.ACTIVE) if name == "selfexecutable" else rows
            return rows.filter(account=owner)
        if name in ("all", *EVERYBODYS) and self.domain is not None:
            return self.in_domains(rows)
        return rows

    def omitted(self) -> frozenset[str]:
        return frozenset({"downloaddetails", "details"}) if self.details == ["min"] else frozenset()


class UpdateTemplate(BaseCmd):
    """Changes a template's texts, flags and details."""

    response = TemplateResponse

    template = Ref("id", Template, access=Access.MODIFY, required=True, help="the template")
    template_name = Str("name", help="new name")
    display_text = Str("displaytext", max_length=4096, help="what it is")
    guest_os = Ref("ostypeid", GuestOs, help="guest operating system")
    bootable = Flag("bootable", help="whether machines boot from it")
    requires_hvm = Flag("requireshvm", help="whether it needs hardware virtualisation")
    password_enabled = Flag("passwordenabled", help="whether guests can take a new password")
    ssh_key_enabled = Flag("sshkeyenabled", help="whether guests can take a new SSH key")
    scalable = Flag("isdynamicallyscalable", help="whether its machines can grow while running")
    sort_key = Int("sortkey", roles=ROOT, help="place in lists, smallest first")
    tag = Str("templatetag", roles=ROOT, help="tag of the hosts that run it")
    kind = Choice("templatetype", TemplateType, roles=ROOT, help="USER, BUILTIN or SYSTEM")
    arch = Str("arch", max_length=16, help="CPU architecture")
    image_format = Str("format", help="cannot be changed: the image was checked as what it is")
    details = Map("details", help="options of its machines")
    clean_details = Flag("cleanupdetails", default=False, help="forget all options")
    routing = RefusedFlag("isrouting")
    kubernetes = RefusedFlag("forcks")

    def execute(self) -> Template:
        if self.image_format and self.image_format.upper() != self.template.format:
            raise InvalidParameter(f"the image is {self.template.format}, that cannot be changed", parameter="format")
        return TemplateManager().update(
            caller=self.caller,
            template=self.template,
            guest_os=self.guest_os,
            details=self.details,
            clean_details=self.clean_details,
            name=self.template_name,
            display_text=self.display_text,
            bootable=self.bootable,
            requires_hvm=self.requires_hvm,
            password_enabled=self.password_enabled,
            ssh_key_enabled=self.ssh_key_enabled,
            dynamically_scalable=self.scalable,
            sort_key=self.sort_key,
            tag=self.tag,
            type=self.kind,
            architecture=self.arch,
        )


class DeleteTemplate(BaseAsyncCmd):
    """Deletes a template; machines made from it stay."""

    response = SuccessResponse
    event_type = events.TEMPLATE_DELETE

    template = Ref("id", Template, access=Access.MODIFY, required=True, help="the template")
    zone = Ref("zoneid", Zone, help="the zone that it is in; a template goes from all its zones at once")
    forced = Flag("forced", default=False, help="accepted; machines made from it never stand in the way")

    def execute(self) -> AsyncJob:
        if self.zone is not None:
            self._refuse_other_zones()
        return TemplateManager().delete(caller=self.caller, template=self.template)

    def _refuse_other_zones(self) -> None:
        zones = set(self.template.template_zones.values_list("zone", flat=True))
        if self.template.is_cross_zone or zones != {self.zone.pk}:
            raise InvalidParameter(
                f"template {self.template} is not only in zone {self.zone}; leave zoneid out to delete it everywhere",
                parameter="zoneid",
            )
