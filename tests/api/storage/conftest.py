"""A simulated zone with storage, two tenants and an operator, each with a client that signs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from apps.accounts.factories import AccountFactory, ApiKeyPairFactory, DomainFactory, UserFactory
from apps.accounts.models import Account
from apps.accounts.services.role_rules import forget_rules
from apps.infrastructure.factories import ClusterFactory, HostFactory
from apps.infrastructure.models import Zone
from apps.storage.factories import ImageStoreFactory, StoragePoolFactory
from apps.storage.models import ImageStore, StoragePool
from cloudstack.framework.configuration import store as settings_store
from cloudstack.testing.api import ApiClient, ApiError


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    forget_rules()
    settings_store.forget()
    yield
    forget_rules()
    settings_store.forget()


@pytest.fixture(autouse=True)
def own_data_folder(settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path / "data"


def client_of(account: Account) -> ApiClient:
    keys = ApiKeyPairFactory(user=UserFactory(account=account))
    return ApiClient(keys.api_key, keys.secret_key)


@dataclass
class Cloud:
    """Two ordinary accounts in two domains, the admin of the first domain, and the operator."""

    zone: Zone
    pool: StoragePool
    store: ImageStore
    seller_account: Account
    lawyer_account: Account
    root: ApiClient
    sales_admin: ApiClient
    seller: ApiClient
    lawyer: ApiClient

    def colleague_of(self, account: Account) -> Account:
        """Another account of the same domain."""
        return AccountFactory(name=f"colleague of {account.name}", domain=account.domain)

    def client(self, account: Account) -> ApiClient:
        return client_of(account)


@pytest.fixture
def cloud(db: None) -> Cloud:
    cluster = ClusterFactory()
    HostFactory(cluster=cluster)
    sales, legal = DomainFactory(name="sales"), DomainFactory(name="legal")
    seller, lawyer = AccountFactory(name="seller", domain=sales), AccountFactory(name="lawyer", domain=legal)
    return Cloud(
        zone=cluster.pod.zone,
        pool=StoragePoolFactory(cluster=cluster),
        store=ImageStoreFactory(zone=cluster.pod.zone),
        seller_account=seller,
        lawyer_account=lawyer,
        root=client_of(AccountFactory(root_admin=True)),
        sales_admin=client_of(AccountFactory(domain_admin=True, domain=sales)),
        seller=client_of(seller),
        lawyer=client_of(lawyer),
    )


@pytest.fixture
def refusal() -> Callable[..., ApiError]:
    """Call a command that must be refused, and answer with what."""

    def call(client: ApiClient, command: str, **parameters) -> ApiError:
        with pytest.raises(ApiError) as caught:
            client.call(command, **parameters)
        return caught.value

    return call
