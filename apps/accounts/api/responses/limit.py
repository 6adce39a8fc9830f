"""Limits and counts as clients see them."""

from typing import Any

from apps.accounts.models import Account, Domain, ResourceType
from apps.accounts.models.domain import shown_path
from cloudstack.api import LONG, STRING, Field, Response


class _OfOwner(Response):
    account = Field(type=STRING, help="name of the account, if it is one's")
    domainid = Field(type=STRING, help="UUID of the domain")
    domain = Field(type=STRING, help="name of the domain")
    domainpath = Field(type=STRING, help="ROOT/sales")
    resourcetype = Field(type=STRING, help="number of the kind of resource, as text")
    resourcetypename = Field(type=STRING, help="its name")


class ResourceLimitResponse(_OfOwner):
    object_name = "resourcelimit"

    max = Field(type=LONG, help="the limit; -1 is none. Memory in MiB, storage in GiB")


class ResourceCountResponse(_OfOwner):
    object_name = "resourcecount"

    resourcecount = Field(type=LONG, help="how much is held. Memory in MiB, storage in bytes")


def owner_of(owner: Account | Domain, kind: ResourceType) -> dict[str, Any]:
    """The fields that say whose limit or count it is."""
    domain = owner.domain if isinstance(owner, Account) else owner
    body = {
        "domainid": str(domain.uuid),
        "domain": domain.name,
        "domainpath": shown_path(domain.path),
        "resourcetype": str(int(kind)),
        "resourcetypename": kind.label,
    }
    return {"account": owner.name, **body} if isinstance(owner, Account) else body
