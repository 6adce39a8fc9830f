"""Somebody of each kind, with a client that signs: for tests of commands."""

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
from apps.accounts.services.bootstrap import ensure_default_roles
from apps.accounts.services.role_rules import forget_rules
from cloudstack.framework.configuration import store
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

    def run(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Carry out all jobs; what the one of ``answer`` came to."""
        run_jobs()
        return self.root.call("queryAsyncJobResult", jobid=answer["jobid"])


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
    user = UserFactory(account=AccountFactory(name="owner", domain=domain))
    operator = UserFactory(account=AccountFactory(root_admin=True))

    def client(**account: Any) -> ApiClient:
        return client_of(UserFactory(account=AccountFactory(**account)))

    return Tenants(
        domain=domain,
        user=user,
        operator=operator,
        root=client_of(operator),
        domain_admin=client(domain=domain, domain_admin=True),
        owner=client_of(user),
        neighbour=client(name="neighbour", domain=domain),
        stranger=client(name="stranger"),
    )
