"""Factories of domains, accounts, users, roles and keys: for tests and for the demo alike."""

import itertools
import uuid
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from factory.django import DjangoModelFactory

from apps.accounts.models import (
    Account,
    AccountType,
    ApiKeyPair,
    ApiToken,
    Domain,
    MemberRole,
    Project,
    ProjectMember,
    ProjectRole,
    ProjectRolePermission,
    Role,
    User,
)
from apps.accounts.models.domain import ROOT_PATH
from apps.accounts.models.role import ROLE_TYPE_NAMES
from apps.accounts.selectors import caller_of
from apps.accounts.services.tokens import hash_of
from apps.accounts.states import ProjectState
from cloudstack.framework.context import Caller, RoleType

PASSWORD = "correct horse battery"

ACCOUNT_TYPE_OF_ROLE = {
    RoleType.ADMIN: AccountType.ADMIN,
    RoleType.RESOURCE_ADMIN: AccountType.RESOURCE_DOMAIN_ADMIN,
    RoleType.DOMAIN_ADMIN: AccountType.DOMAIN_ADMIN,
    RoleType.USER: AccountType.NORMAL,
}


_versions = itertools.count(1000, 1000)
"""Rules are cached by role and version, and a test's rollback gives the same keys to other roles."""


def root_domain() -> Domain:
    """The one ROOT, made when it is not there."""
    domain, _ = Domain.objects.get_or_create(path=ROOT_PATH, defaults={"name": "ROOT", "level": 0})
    return domain


def default_role(kind: RoleType) -> Role:
    """A role without rules: every command that declares the role type is allowed."""
    role, _ = Role.objects.get_or_create(
        name=f"{ROLE_TYPE_NAMES[kind]} of the tests",
        defaults={"type": kind, "unrestricted": kind == RoleType.ADMIN, "version": next(_versions)},
    )
    return role


class DomainFactory(DjangoModelFactory):
    """A child of ROOT unless ``parent`` is given."""

    class Meta:
        model = Domain

    name = factory.Sequence(lambda n: f"domain-{n}")
    parent = factory.LazyFunction(root_domain)
    path = factory.LazyAttribute(lambda domain: f"{domain.parent.path}{domain.name}/")
    level = factory.LazyAttribute(lambda domain: domain.parent.level + 1)


class RoleFactory(DjangoModelFactory):
    class Meta:
        model = Role

    name = factory.Sequence(lambda n: f"role-{n}")
    type = RoleType.USER
    version = factory.LazyFunction(lambda: next(_versions))


class AccountFactory(DjangoModelFactory):
    """An ordinary account in a domain of its own; ``root_admin=True`` or ``domain_admin=True`` for others."""

    class Meta:
        model = Account

    class Params:
        root_admin = factory.Trait(
            role=factory.LazyFunction(lambda: default_role(RoleType.ADMIN)),
            domain=factory.LazyFunction(root_domain),
        )
        domain_admin = factory.Trait(role=factory.LazyFunction(lambda: default_role(RoleType.DOMAIN_ADMIN)))

    name = factory.Sequence(lambda n: f"account-{n}")
    domain = factory.SubFactory(DomainFactory)
    role = factory.LazyFunction(lambda: default_role(RoleType.USER))
    type = factory.LazyAttribute(lambda account: ACCOUNT_TYPE_OF_ROLE[RoleType(account.role.type)])
    group = factory.LazyFunction(lambda: Group.objects.create(name=f"account:{uuid.uuid4()}"))


class UserFactory(DjangoModelFactory):
    """A user with the password ``PASSWORD``, in an account of its own unless one is given."""

    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user-{n}")
    account = factory.SubFactory(AccountFactory)
    domain = factory.SelfAttribute("account.domain")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    first_name = "Ada"
    last_name = factory.Sequence(lambda n: f"Lovelace {n}")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class ApiKeyPairFactory(DjangoModelFactory):
    class Meta:
        model = ApiKeyPair

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"key-{n}")
    api_key = factory.LazyFunction(lambda: f"key-{uuid.uuid4().hex}")
    secret_key = factory.LazyFunction(lambda: f"secret-{uuid.uuid4().hex}")


class ApiTokenFactory(DjangoModelFactory):
    """A token; ``text=`` is what its user sends."""

    class Meta:
        model = ApiToken

    class Params:
        text = factory.LazyFunction(lambda: f"cst_{uuid.uuid4().hex}")

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"token-{n}")
    token_hash = factory.LazyAttribute(lambda token: hash_of(token.text))
    hint = factory.LazyAttribute(lambda token: token.text[:8])


class ProjectFactory(DjangoModelFactory):
    """An active project without members, in a domain of its own unless one is given."""

    class Meta:
        model = Project

    name = factory.Sequence(lambda n: f"project-{n}")
    domain = factory.SubFactory(DomainFactory)
    account = factory.LazyAttribute(
        lambda project: AccountFactory(name=f"of {project.name}", domain=project.domain, type=AccountType.PROJECT)
    )
    state = ProjectState.ACTIVE


def project_of(owner: Account, **fields: Any) -> Project:
    """An active project that the account administers."""
    project = ProjectFactory(domain=owner.domain, **fields)
    ProjectMember.objects.create(project=project, account=owner, role=MemberRole.ADMIN)
    return project


def join_project(project: Project, who: Account | User, *, allow: str = "", deny: str = "") -> ProjectMember:
    """A regular member; with rules to allow and to deny, separated by blanks, one of a role of its own."""
    role = None
    if allow or deny:
        role = ProjectRole.objects.create(project=project, name=f"role of {who}", version=next(_versions))
        rules = [*((rule, "allow") for rule in allow.split()), *((rule, "deny") for rule in deny.split())]
        for position, (rule, permission) in enumerate(rules):
            ProjectRolePermission.objects.create(role=role, rule=rule, permission=permission, position=position)
    user = who if isinstance(who, User) else None
    account = who.account if isinstance(who, User) else who
    return ProjectMember.objects.create(project=project, account=account, user=user, project_role=role)


def caller_for(user: User) -> Caller:
    """The caller that ``user`` makes at a door."""
    return caller_of(user)


def root_caller() -> Caller:
    """A root admin nobody else uses."""
    return caller_for(UserFactory(account=AccountFactory(root_admin=True)))


def domain_admin_caller(domain: Domain | None = None) -> Caller:
    """An administrator of ``domain`` (a new one when none is given)."""
    where = {"domain": domain} if domain else {}
    return caller_for(UserFactory(account=AccountFactory(domain_admin=True, **where)))


def user_caller(domain: Domain | None = None) -> Caller:
    """An ordinary user of an account of its own."""
    where = {"domain": domain} if domain else {}
    return caller_for(UserFactory(account=AccountFactory(**where)))
