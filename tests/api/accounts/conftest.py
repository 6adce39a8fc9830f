"""Tenants to test with: a root admin, two domains with their admins, and ordinary users."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.core.cache import cache

from apps.accounts.factories import AccountFactory, ApiKeyPairFactory, DomainFactory, UserFactory
from apps.accounts.models import Domain, User
from apps.accounts.services.role_rules import forget_rules
from cloudstack.framework.configuration import store
from cloudstack.testing.api import ApiClient


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    forget_rules()
    store.forget()
    cache.clear()
    yield
    forget_rules()
    store.forget()


@pytest.fixture
def client_of(db: None) -> Callable[[User], ApiClient]:
    """A client that signs as the user."""

    def make(user: User) -> ApiClient:
        pair = ApiKeyPairFactory(user=user)
        return ApiClient(pair.api_key, pair.secret_key)

    return make


@dataclass
class Tenants:
    """Sales with a branch below it, and Legal: who works where, each with a client."""

    sales: Domain
    emea: Domain
    legal: Domain
    root: User
    sales_admin: User
    seller: User
    colleague: User
    emea_seller: User
    lawyer: User
    legal_admin: User


@pytest.fixture
def tenants(db: None) -> Tenants:
    sales, legal = DomainFactory(name="sales"), DomainFactory(name="legal")
    emea = DomainFactory(name="emea", parent=sales)
    seller = UserFactory(username="seller", account=AccountFactory(name="seller", domain=sales))
    return Tenants(
        sales=sales,
        emea=emea,
        legal=legal,
        root=UserFactory(username="boss", account=AccountFactory(name="boss", root_admin=True)),
        sales_admin=UserFactory(account=AccountFactory(domain_admin=True, domain=sales)),
        seller=seller,
        colleague=UserFactory(username="colleague", account=seller.account),
        emea_seller=UserFactory(account=AccountFactory(domain=emea)),
        lawyer=UserFactory(username="lawyer", account=AccountFactory(name="lawyer", domain=legal)),
        legal_admin=UserFactory(account=AccountFactory(domain_admin=True, domain=legal)),
    )


@pytest.fixture
def root(tenants: Tenants, client_of: Callable[[User], ApiClient]) -> ApiClient:
    return client_of(tenants.root)


@pytest.fixture
def sales_admin(tenants: Tenants, client_of: Callable[[User], ApiClient]) -> ApiClient:
    return client_of(tenants.sales_admin)


@pytest.fixture
def seller(tenants: Tenants, client_of: Callable[[User], ApiClient]) -> ApiClient:
    return client_of(tenants.seller)
