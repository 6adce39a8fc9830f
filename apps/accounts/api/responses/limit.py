"""Limits and counts as clients see them."""

from typing import Any

from apps.accounts.models import Account, AccountType, Domain
from apps.accounts.models.domain import shown_path
from apps.accounts.services.limit_rules import Counted
from cloudstack.api import LONG, STRING, Field, Response


class _OfOwner(Response):
    account = Field(type=STRING, help="name of the account, if it is one's")
    projectid = Field(type=STRING, help="UUID of the project, if it is one's")
    project = Field(type=STRING, help="name of that project")
    domainid = Field(type=STRING, help="UUID of the domain")
    domain = Field(type=STRING, help="name of the domain")
    domainpath = Field(type=STRING, help="ROOT/sales")
    resourcetype = Field(type=STRING, help="number of the kind of resource, as text")
    resourcetypename = Field(type=STRING, help="its name")
    tag = Field(type=STRING, help="host or storage tag, where only what carries it is meant")


class ResourceLimitResponse(_OfOwner):
    object_name = "resourcelimit"

    max = Field(type=LONG, help="the limit; -1 is none. Memory in MiB, storage in GiB")


class ResourceCountResponse(_OfOwner):
    object_name = "resourcecount"

    resourcecount = Field(type=LONG, help="how much is held. Memory in MiB, storage in bytes")


def owner_of(owner: Account | Domain, counted: Counted) -> dict[str, Any]:
    """The fields that say whose limit or count it is."""
    domain = owner.domain if isinstance(owner, Account) else owner
    body = {
        "domainid": str(domain.uuid),
        "domain": domain.name,
        "domainpath": shown_path(domain.path),
        "resourcetype": str(int(counted.kind)),
        "resourcetypename": counted.kind.label,
        **({"tag": counted.tag} if counted.tag else {}),
    }
    if isinstance(owner, Domain):
        return body
    return {**{name: text for name, text in holder_fields(owner).items() if name != "accountid"}, **body}


def holder_fields(owner: Account) -> dict[str, str]:
    """The fields that name an account, or the project whose account it is."""
    if owner.type == AccountType.PROJECT:
        return {"projectid": str(owner.project.uuid), "project": owner.project.name}
    return {"accountid": str(owner.uuid), "account": owner.name}
