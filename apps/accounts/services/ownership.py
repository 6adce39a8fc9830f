"""For whom something is created: the caller, or the account that an administrator names."""

from apps.accounts.models import Account, Domain
from apps.accounts.selectors import accounts_visible_to
from apps.accounts.states import AccountState
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied

PROJECTS_MISSING = "Projects are not available in this version; leave projectid away"


def resolve_owner(
    caller: Caller, account_name: str | None = None, domain: Domain | None = None, *, project: object = None
) -> Account:
    """The account that will own what is created, with its domain loaded.

    ``account`` without ``domainid`` is looked for in the caller's domain. Raises ``InvalidParameter`` for what
    does not exist within the caller's sight and ``PermissionDenied`` for an account that he may not act for.
    """
    if project:
        raise InvalidParameter(PROJECTS_MISSING, parameter="projectid")
    if domain is not None and not account_name:
        raise InvalidParameter(
            "domainid is given without account: name the account that shall be the owner, or leave both away",
            parameter="account",
        )
    accounts = Account.objects.select_related("domain", "role")
    if not account_name:
        return _active(accounts.get(pk=caller.account_id))
    domain_id = domain.pk if domain is not None else caller.domain_id
    owner = accounts.filter(
        pk__in=accounts_visible_to(caller=caller, access=Access.OPERATE).values("pk"),
        domain_id=domain_id,
        name=account_name,
    ).first()
    if owner is None:
        where = domain.shown_path if domain is not None else "your domain"
        raise InvalidParameter(f'Unable to find account "{account_name}" in domain {where}', parameter="account")
    if owner.pk != caller.account_id and not caller.is_admin:
        raise PermissionDenied(f"You may not create anything for account {account_name}", parameter="account")
    return _active(owner)


def _active(owner: Account) -> Account:
    if owner.state != AccountState.ENABLED:
        raise PermissionDenied(f"Account {owner.name} is {owner.state}: nothing can be created for it")
    return owner
