"""Commands on domains."""

from django.db.models import QuerySet

from apps.accounts import events
from apps.accounts.api.attached import ShowsIcons
from apps.accounts.api.listing import own_domain
from apps.accounts.api.responses.domain import DomainResponse
from apps.accounts.api.responses.figures import figures, only_tag
from apps.accounts.models import Domain
from apps.accounts.selectors import domains_visible_to
from apps.accounts.services.domains import DomainManager
from cloudstack.api import (
    ADMINS,
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseCmd,
    Flag,
    Int,
    ListOf,
    Ref,
    Str,
    SuccessResponse,
    Uuid,
)
from cloudstack.api.listing import Page
from cloudstack.framework.context import RoleType
from cloudstack.framework.jobs import AsyncJob

ROOT_AND_DOMAIN_ADMINS = frozenset({RoleType.ADMIN, RoleType.DOMAIN_ADMIN})


class _DomainList(ShowsIcons):
    abstract = True
    roles = ADMINS
    response = DomainResponse
    ordering = ("path",)

    domain_name = Str("name", lookup="name", help="list domains of this name")
    list_all = Flag("listall", default=False, help="list the whole tree below your domain")


class ListDomains(_DomainList):
    """Lists domains: root admins see all, others their own and, with listall, those below it."""

    level = Int("level", lookup="level", help="list domains this far from ROOT")
    details = ListOf("details", Str, help="all, resource or min: min leaves limits and totals away")
    tag = Str("tag", help="show of taggedresources only those of this host or storage tag")

    def queryset(self) -> QuerySet[Domain]:
        domains = domains_visible_to(caller=self.caller)
        if self.caller.is_root_admin or self.list_all or self.id_filter or self.ids_filter:
            return domains
        return domains.filter(pk=self.caller.domain_id)

    def omitted(self) -> frozenset[str]:
        return super().omitted() | (figures() if self.details == ["min"] else frozenset())

    def execute(self) -> Page:
        return only_tag(super().execute(), self.tag)


class ListDomainChildren(_DomainList):
    """Lists the domains below a domain."""

    # Here id names the parent, not the rows.
    id_filter = None
    ids_filter = None
    parent = Ref("id", Domain, help="the domain whose children are listed; yours if left out")
    recursive = Flag("isrecursive", default=False, help="list those below the children too")

    def queryset(self) -> QuerySet[Domain]:
        domains = domains_visible_to(caller=self.caller)
        parent_id = self.parent.pk if self.parent else self.caller.domain_id
        path = self.parent.path if self.parent else self.caller.domain_path
        if self.recursive or self.list_all:
            return domains.filter(path__startswith=path).exclude(pk=parent_id)
        return domains.filter(parent_id=parent_id)


class CreateDomain(BaseCmd):
    """Creates a domain."""

    roles = ROOT_AND_DOMAIN_ADMINS
    response = DomainResponse
    event_type = events.DOMAIN_CREATE

    domain_name = Str("name", required=True, help="name of the domain; no slash")
    parent = Ref("parentdomainid", Domain, access=Access.MODIFY, help="the domain above; yours if left out")
    network_domain = Str("networkdomain", default="", help="DNS suffix of the names of its guests")
    domain_uuid = Uuid("domainid", help="UUID that the domain shall have")

    def execute(self) -> Domain:
        parent = self.parent or own_domain(self.caller, parameter="parentdomainid")
        return DomainManager().create(
            caller=self.caller,
            name=self.domain_name,
            parent=parent,
            network_domain=self.network_domain,
            uuid=self.domain_uuid,
        )


class UpdateDomain(BaseCmd):
    """Renames a domain or changes its DNS suffix."""

    roles = ROOT
    response = DomainResponse
    event_type = events.DOMAIN_UPDATE

    domain = Ref("id", Domain, access=Access.MODIFY, required=True, help="the domain to change")
    new_name = Str("name", help="new name; the paths of all domains below follow")
    network_domain = Str("networkdomain", help="DNS suffix of the names of its guests")

    def execute(self) -> Domain:
        return DomainManager().update(
            caller=self.caller, domain=self.domain, name=self.new_name, network_domain=self.network_domain
        )


class DeleteDomain(BaseAsyncCmd):
    """Deletes an empty domain, or with cleanup a domain with everything that is in and below it."""

    roles = ROOT_AND_DOMAIN_ADMINS
    response = SuccessResponse
    event_type = events.DOMAIN_DELETE

    domain = Ref("id", Domain, access=Access.MODIFY, required=True, help="the domain to delete")
    cleanup = Flag("cleanup", default=False, help="also all that is in and below it")

    def execute(self) -> AsyncJob:
        return DomainManager().delete(caller=self.caller, domain=self.domain, cleanup=self.cleanup)
