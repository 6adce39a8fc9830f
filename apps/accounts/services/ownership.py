"""For whom something is created: the caller, the account that an administrator names, or a project."""

from apps.accounts.models import Account, AccountType, Domain, Project
from apps.accounts.selectors import accounts_visible_to
from apps.accounts.states import AccountState, ProjectState
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied


def resolve_owner(
    caller: Caller, account_name: str | None = None, domain: Domain | None = None, *, project: Project | None = None
) -> Account:
    """The account that will own what is created, with its domain loaded; a project's own account for ``project``.

    ``account`` without ``domainid`` is looked for in the caller's domain. ``project`` comes from a reference with
    ``Access.OPERATE``. Raises ``InvalidParameter`` for what does not exist within the caller's sight and
    ``PermissionDenied`` for an account that he may not act for.
    """
    accounts = Account.objects.select_related("domain", "role")
    if project is not None:
        return _of_project(project, accounts.get(pk=project.account_id), account_name, domain)
    if domain is not None and not account_name:
        raise InvalidParameter(
            "domainid is given without account: name the account that shall be the owner, or leave both away",
            parameter="account",
        )
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


def _of_project(project: Project, owner: Account, account_name: str | None, domain: Domain | None) -> Account:
    if account_name:
        raise InvalidParameter("Account and projectId can't be specified together", parameter="projectid")
    if domain is not None and domain.pk != project.domain_id:
        raise InvalidParameter(
            f"project {project} is in domain {owner.domain}, not in {domain}: leave domainid away", parameter="domainid"
        )
    if project.state != ProjectState.ACTIVE:
        raise PermissionDenied(
            f"Project {project} is {project.state}: nothing can be created in it", parameter="projectid"
        )
    return _active(owner)


def ensure_active(owner: Account) -> None:
    """Raises ``PermissionDenied`` for an account that is disabled, or a project that is suspended or being deleted."""
    if owner.type == AccountType.PROJECT:
        project = Project.objects.filter(account=owner).exclude(state=ProjectState.ACTIVE).first()
        if project is not None:
            raise PermissionDenied(f"Project {project} is {project.state}: activate it first")
    elif owner.state == AccountState.DISABLED:
        raise PermissionDenied(f"Account {owner.name} is disabled: enable it first")


def _active(owner: Account) -> Account:
    if owner.state != AccountState.ENABLED:
        raise PermissionDenied(f"Account {owner.name} is {owner.state}: nothing can be created for it")
    return owner
