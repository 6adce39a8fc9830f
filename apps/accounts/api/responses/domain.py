"""Domains as clients see them."""

from django.db.models import Exists, OuterRef

from apps.accounts.api.attached import Annotated, Iconed
from apps.accounts.api.responses.figures import LimitedResponse
from apps.accounts.models import Domain
from apps.accounts.models.domain import ROOT_PATH, shown_path
from cloudstack.api import BOOL, MAP, STRING, Field
from cloudstack.api.fields import uuid_text
from cloudstack.framework.configuration import Scope
from cloudstack.framework.configuration.store import set_in


class DomainResponse(Iconed, Annotated, LimitedResponse):
    object_name = "domain"
    model = Domain
    owner, holder = "domain", Domain
    path_at = "path"
    free_path, free_value = "path", ROOT_PATH

    id = Field("uuid", help="UUID of the domain")
    name = Field(help="its name")
    level = Field(help="its distance from ROOT")
    parentdomainid = Field("parent__uuid", help="UUID of the domain above")
    parentdomainname = Field("parent__name", help="name of the domain above")
    haschild = Field(
        expression=lambda: Exists(Domain.objects.filter(parent_id=OuterRef("pk"))),
        type=BOOL,
        help="whether there are domains below",
    )
    networkdomain = Field(
        compute=lambda row: row["network_domain"] or None, needs=("network_domain",), help="DNS suffix of its guests"
    )
    path = Field(compute=lambda row: shown_path(row["path"]), needs=("path",), type=STRING, help="ROOT/sales/emea")
    state = Field(help="Active, or Inactive while it is deleted")
    created = Field(help="when it was made")
    domaindetails = Field(
        compute=lambda row: set_in(Scope.DOMAIN, uuid_text(row["uuid"])) or None,
        needs=("uuid",),
        type=MAP,
        admin_only=True,
        help="settings that are set for this domain; secret ones are left out",
    )
