"""A simulated cloud with something in every corner, and an operator who looks at it."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from apps.accounts.factories import PASSWORD, UserFactory
from apps.accounts.models import Account
from apps.accounts.services.role_rules import forget_rules
from apps.portal import navigation
from cloudstack.framework.configuration import store
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud


@pytest.fixture(autouse=True)
def fresh_caches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Figures beside titles would be counted again in the middle of a test that counts statements.
    monkeypatch.setattr(navigation, "BADGES_FOR_S", 3600)
    cache.clear()
    forget_rules()
    store.forget()
    yield
    forget_rules()
    store.forget()


@pytest.fixture
def cloud(db: None) -> SimulatedCloud:
    return build_cloud()


@pytest.fixture
def operator(cloud: SimulatedCloud) -> Client:
    """A logged-in root admin."""
    UserFactory(username="operator", account=Account.objects.get(pk=cloud.root.account_id))
    client = Client()
    assert client.login(username="operator", password=PASSWORD)
    return client


@pytest.fixture
def machines(cloud: SimulatedCloud) -> list[str]:
    """UUIDs of three machines that run, each with a data disk."""
    answers = [cloud.deploy(name=f"web-{number}", diskofferingid=cloud.disk_offering.uuid) for number in range(3)]
    run_jobs()
    return [answer["id"] for answer in answers]
