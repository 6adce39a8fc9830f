"""Whose network it becomes, and who else may use it."""

from dataclasses import dataclass

from apps.accounts.models import Account, Domain
from apps.accounts.models.domain import ROOT_PATH
from apps.accounts.services.ownership import resolve_owner
from apps.network.states import AclType, GuestType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied


@dataclass(frozen=True, kw_only=True)
class NetworkAccess:
    """Owner of a network and the circle that may use it."""

    owner: Account
    acl_type: AclType
    domain: Domain | None = None
    subdomains: bool = True


def resolve_access(
    *,
    caller: Caller,
    guest_type: str,
    acl_type: str | None = None,
    account_name: str | None = None,
    domain: Domain | None = None,
    project: object = None,
    subdomain_access: bool | None = None,
) -> NetworkAccess:
    """What the caller's parameters mean together.

    A shared network without an account is for a domain, ROOT by default; any other is an account's. Raises
    ``PermissionDenied`` when the caller may not make such a network and ``InvalidParameter`` for contradictions.
    """
    if guest_type == GuestType.SHARED and not caller.is_root_admin:
        raise PermissionDenied("Only root administrators create shared networks", parameter="networkofferingid")
    shared_by_default = guest_type == GuestType.SHARED and not account_name
    acl = AclType(acl_type or (AclType.DOMAIN if shared_by_default else AclType.ACCOUNT))
    if acl == AclType.ACCOUNT:
        if subdomain_access is not None:
            raise InvalidParameter("subdomainaccess goes with acltype=Domain only", parameter="subdomainaccess")
        return NetworkAccess(owner=resolve_owner(caller, account_name, domain, project=project), acl_type=acl)
    if guest_type != GuestType.SHARED:
        raise InvalidParameter(
            f"an {guest_type} network belongs to an account; acltype=Domain is for shared ones", parameter="acltype"
        )
    if account_name:
        raise InvalidParameter("account cannot be given together with acltype=Domain", parameter="account")
    return NetworkAccess(
        owner=resolve_owner(caller, project=project),
        acl_type=acl,
        domain=domain or Domain.objects.get(path=ROOT_PATH),
        subdomains=True if subdomain_access is None else subdomain_access,
    )
