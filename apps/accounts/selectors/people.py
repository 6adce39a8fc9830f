"""Domains, accounts, users and roles that a caller may see or change."""

from django.db.models import Q, QuerySet

from apps.accounts.models import Account, AccountType, Domain, Role, User
from apps.accounts.selectors.scope import domains_beneath
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller, RoleType


def domains_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Domain]:
    """Root admins see the tree, domain admins their subtree, users their domain (to look at only)."""
    if caller.is_root_admin:
        return Domain.objects.all()
    if caller.is_domain_admin:
        return domains_beneath(caller.domain_path)
    if access == Access.USE:
        return Domain.objects.filter(pk=caller.domain_id)
    return Domain.objects.none()


def accounts_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Account]:
    """Accounts within reach. Those of root admins and of the platform are changed by root admins only.

    The accounts of projects are none of them: they are reached as projects.
    """
    people = Account.objects.filter(is_system=False).exclude(type=AccountType.PROJECT)
    if caller.is_root_admin:
        return people
    if caller.is_domain_admin:
        accounts = people.filter(domain__in=domains_beneath(caller.domain_path).values("pk"))
        return accounts if access == Access.USE else accounts.exclude(type=AccountType.ADMIN)
    if access == Access.ADMIN:
        return Account.objects.none()
    return Account.objects.filter(pk=caller.account_id)


def users_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[User]:
    """Users within reach: an ordinary user sees those of the account and changes only himself."""
    users = User.objects.filter(account__is_system=False)
    if caller.is_root_admin:
        return users
    if caller.is_domain_admin:
        users = users.filter(domain__in=domains_beneath(caller.domain_path).values("pk"))
        if access == Access.USE:
            return users
        return users.filter(~Q(account__type=AccountType.ADMIN) | Q(pk=caller.user_id))
    if access == Access.USE:
        return users.filter(account_id=caller.account_id)
    if access == Access.ADMIN:
        return User.objects.none()
    return users.filter(pk=caller.user_id)


def roles_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Role]:
    """Root admins see all roles; domain admins the public ones that make no root admin; users their own."""
    if caller.is_root_admin:
        return Role.objects.all()
    if access != Access.USE:
        return Role.objects.none()
    if caller.is_domain_admin:
        return Role.objects.filter(is_public=True, type__gte=caller.role_type).exclude(type=RoleType.ADMIN)
    return Role.objects.filter(pk=caller.role_id)
