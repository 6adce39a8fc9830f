"""Somebody of each kind, with a client that signs: for tests of commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.test import Client

from apps.accounts.factories import (
    AccountFactory,
    ApiKeyPairFactory,
    DomainFactory,
    UserFactory,
    join_project,
    project_of,
)
from apps.accounts.models import Account, Domain, Project, User
from apps.accounts.selectors import caller_of
from apps.accounts.services.bootstrap import ensure_default_roles
from apps.accounts.services.role_rules import forget_rules
from cloudstack.framework.configuration import store
from cloudstack.framework.context import Caller
from cloudstack.testing.api import ApiClient
from cloudstack.testing.jobs import run_jobs


@dataclass(frozen=True, kw_only=True)
class Tenants:
    """A domain with an admin and two accounts, a stranger in another domain, and a root admin."""

    domain: Domain
    user: User
    operator: User
    """A root admin, whose client is ``root``."""
    root: ApiClient
    domain_admin: ApiClient
    owner: ApiClient
    """The client of ``user``."""
    neighbour: ApiClient
    """Of another account of the same domain."""
    stranger: ApiClient
    users: Mapping[str, User]
    """By role: who stands behind each client."""

    @property
    def account(self) -> Account:
        """The owner's."""
        account: Account = self.user.account
        return account

    def project(self) -> Project:
        """A project that the owner is in."""
        project: Project = project_of(self.account)
        join_project(project, self.user)
        return project

    def with_role(self, name: str) -> ApiClient:
        """A client of somebody new who has one of the roles that came along: ``Read-Only User - Default``."""
        return client_of(UserFactory(account=AccountFactory(role=ensure_default_roles()[name])))

    def client(self, role: str) -> ApiClient:
        """A client of the command API for one of ``ROLES``; nobody's does not sign."""
        if _role(role) == "anonymous":
            return Unsigned("", "")
        return {"user": self.owner}.get(role) or getattr(self, role)

    def caller(self, role: str) -> Caller | None:
        """Who calls, as managers and selectors want to know it; None for nobody."""
        return None if _role(role) == "anonymous" else caller_of(self.users[role])

    def browser(self, role: str) -> Client:
        """A browser in which somebody of the role has signed in, or nobody."""
        return Client() if _role(role) == "anonymous" else signed_in(self.users[role])

    def run(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Carry out all jobs; what the one of ``answer`` came to."""
        run_jobs()
        return self.root.call("queryAsyncJobResult", jobid=answer["jobid"])


ROLES = ("root", "domain_admin", "user", "neighbour", "stranger", "anonymous")
"""Root admin; admin of the user's domain; the user; another account of that domain; an account of another domain;
nobody who has signed in."""


class Unsigned(ApiClient):
    """Sends what it is given, without key and signature."""

    def sign(self, params: Mapping[str, str]) -> dict[str, str]:
        return dict(params)


def _role(role: str) -> str:
    """Raises ``ValueError`` for a role that there is not."""
    if role not in ROLES:
        raise ValueError(f"role {role!r} must be one of {', '.join(ROLES)}")
    return role


def client_of(user: User) -> ApiClient:
    """A client with new keys of ``user``."""
    pair = ApiKeyPairFactory(user=user)
    return ApiClient(pair.api_key, pair.secret_key)


def signed_in(user: User) -> Client:
    """A browser in which ``user`` has signed in, for pages of users and of the admin."""
    client = Client()
    client.force_login(user, backend="apps.accounts.backends.DomainUserBackend")
    return client


def make_tenants() -> Tenants:
    """Needs the database. Forgets what the process has cached of rules and settings."""
    forget_rules()
    store.forget()
    domain = DomainFactory(name="office")
    users = {
        "root": UserFactory(account=AccountFactory(root_admin=True)),
        "domain_admin": UserFactory(account=AccountFactory(domain=domain, domain_admin=True)),
        "user": UserFactory(account=AccountFactory(name="owner", domain=domain)),
        "neighbour": UserFactory(account=AccountFactory(name="neighbour", domain=domain)),
        "stranger": UserFactory(account=AccountFactory(name="stranger")),
    }
    clients = {role: client_of(user) for role, user in users.items()}
    return Tenants(
        domain=domain,
        user=users["user"],
        operator=users["root"],
        owner=clients.pop("user"),
        users=users,
        **clients,
    )
