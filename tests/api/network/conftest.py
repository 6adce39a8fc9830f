"""Tenants, a zone with a simulated host, and offerings of each kind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from apps.accounts.factories import AccountFactory, ApiKeyPairFactory, DomainFactory, UserFactory
from apps.accounts.models import Account, Domain
from apps.accounts.services.role_rules import forget_rules
from apps.infrastructure.factories import HostFactory
from apps.infrastructure.models import Zone
from apps.network.factories import NetworkOfferingFactory, PhysicalNetworkFactory
from apps.network.models import NetworkOffering, PhysicalNetwork
from cloudstack.framework.configuration import store
from cloudstack.testing.api import ApiClient


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    forget_rules()
    store.forget()
    yield
    forget_rules()
    store.forget()


def client_of(account: Account) -> ApiClient:
    """A client that signs as a new user of ``account``."""
    pair = ApiKeyPairFactory(user=UserFactory(account=account))
    return ApiClient(pair.api_key, pair.secret_key)


@dataclass
class Site:
    """One zone and those who use it: a user of Sales, one of its branch, one of Legal, and admins."""

    zone: Zone
    physical: PhysicalNetwork
    isolated: NetworkOffering
    shared: NetworkOffering
    l2: NetworkOffering
    sales: Domain
    emea: Domain
    legal: Domain
    seller: Account
    lawyer: Account
    root: ApiClient
    as_seller: ApiClient
    as_emea: ApiClient
    as_lawyer: ApiClient
    as_sales_admin: ApiClient

    def isolated_network(self, client: ApiClient, name: str = "mine", **options) -> dict:
        body = client.call(
            "createNetwork",
            name=name,
            zoneid=str(self.zone.uuid),
            networkofferingid=str(self.isolated.uuid),
            **options,
        )
        return body["network"]

    def shared_network(self, name: str = "campus", **options) -> dict:
        given = {
            "gateway": "198.51.100.1",
            "netmask": "255.255.255.0",
            "startip": "198.51.100.10",
            "endip": "198.51.100.99",
        }
        body = self.root.call(
            "createNetwork",
            name=name,
            zoneid=str(self.zone.uuid),
            networkofferingid=str(self.shared.uuid),
            **{**given, **options},
        )
        return body["network"]


@pytest.fixture
def site(db: None) -> Site:
    zone = HostFactory().zone
    sales, legal = DomainFactory(name="sales"), DomainFactory(name="legal")
    emea = DomainFactory(name="emea", parent=sales)
    seller, lawyer = AccountFactory(name="seller", domain=sales), AccountFactory(name="lawyer", domain=legal)
    return Site(
        zone=zone,
        physical=PhysicalNetworkFactory(zone=zone),
        isolated=NetworkOfferingFactory(name="isolated"),
        shared=NetworkOfferingFactory(name="shared", shared=True),
        l2=NetworkOfferingFactory(name="l2", l2=True),
        sales=sales,
        emea=emea,
        legal=legal,
        seller=seller,
        lawyer=lawyer,
        root=client_of(AccountFactory(root_admin=True)),
        as_seller=client_of(seller),
        as_emea=client_of(AccountFactory(domain=emea)),
        as_lawyer=client_of(lawyer),
        as_sales_admin=client_of(AccountFactory(domain_admin=True, domain=sales)),
    )


@pytest.fixture
def statements(django_assert_max_num_queries) -> Callable[[int], object]:
    return django_assert_max_num_queries
