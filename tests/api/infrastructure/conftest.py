"""Signing clients of several kinds, and what a refused call answers."""

from collections.abc import Callable, Iterator

import pytest

from apps.accounts.factories import AccountFactory, ApiKeyPairFactory, UserFactory
from apps.accounts.services.role_rules import forget_rules
from cloudstack.framework.configuration import store
from cloudstack.testing.api import ApiClient, ApiError
from tests.support.cloud import SimulatedCloud, build_cloud


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    forget_rules()
    store.forget()
    yield
    forget_rules()
    store.forget()


@pytest.fixture
def cloud(db: None) -> SimulatedCloud:
    """Two clusters of two hosts, with storage, a template, a network and a tenant."""
    return build_cloud()


@pytest.fixture
def client_of() -> Callable[..., ApiClient]:
    """A client of a new account: ``client_of(root_admin=True)``, ``client_of(domain=…)``."""

    def make(**account) -> ApiClient:
        keys = ApiKeyPairFactory(user=UserFactory(account=AccountFactory(**account)))
        return ApiClient(keys.api_key, keys.secret_key)

    return make


@pytest.fixture
def root(client_of: Callable[..., ApiClient]) -> ApiClient:
    return client_of(root_admin=True)


@pytest.fixture
def user(client_of: Callable[..., ApiClient]) -> ApiClient:
    return client_of()


@pytest.fixture
def refusal() -> Callable[..., ApiError]:
    """Call a command that must be refused, and answer with what."""

    def call(client: ApiClient, command: str, **parameters) -> ApiError:
        with pytest.raises(ApiError) as caught:
            client.call(command, **parameters)
        return caught.value

    return call
