"""A tenant who serves himself."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from apps.accounts.factories import PASSWORD, AccountFactory, DomainFactory, UserFactory
from apps.accounts.models import User
from apps.accounts.services.role_rules import forget_rules
from cloudstack.framework.configuration import store


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    forget_rules()
    store.forget()
    cache.clear()
    yield
    forget_rules()
    store.forget()


@pytest.fixture
def anna(db: None) -> User:
    return UserFactory(username="anna", account=AccountFactory(name="anna", domain=DomainFactory(name="sales")))


@pytest.fixture
def root(db: None) -> User:
    return UserFactory(username="root", account=AccountFactory(root_admin=True))


@pytest.fixture
def signed_in(anna: User) -> Client:
    client = Client()
    answer = client.post("/sign-in/", {"username": "anna@sales", "password": PASSWORD})
    assert answer["Location"] == "/"
    return client
