"""A statement that is written once finds what the queryset finds."""

import uuid
from typing import Any

import pytest
from django.db.models import QuerySet

from apps.accounts.factories import ApiKeyPairFactory
from apps.accounts.models import ApiKeyPair
from cloudstack.framework.jobs import AsyncJob
from cloudstack.framework.secrets import Secret
from cloudstack.framework.statements import Statement

pytestmark = pytest.mark.django_db

COLUMNS = ("uuid", "name", "data", "created", "cancel_requested", "lease_until")


def jobs(*, most: int, name: str, resource: uuid.UUID | None = None, epoch: int | None = None) -> "QuerySet[Any, Any]":
    found = AsyncJob.objects.filter(name=name).order_by("pk")
    if resource:
        found = found.filter(resource_uuid=resource)
    if epoch is not None:
        found = found.filter(epoch=epoch)
    return found.values_list(*COLUMNS)[:most]


def test_every_shape_finds_its_rows(django_assert_num_queries: Any) -> None:
    resource = uuid.uuid4()
    for name, of, epoch in (("a", resource, 1), ("a", None, 2), ("b", resource, 1), ("a", resource, 2)):
        AsyncJob.objects.create(name=name, resource_uuid=of, epoch=epoch, data={"n": [1, None]}, cancel_requested=True)
    statement = Statement(jobs)
    for values in (
        {"name": "a"},
        {"name": "b"},
        {"name": "a", "resource": resource},
        {"name": "a", "resource": uuid.uuid4()},
        {"name": "a", "epoch": 2},
        {"name": "a", "resource": resource, "epoch": 1},
        {"name": "it's 100 %s"},
    ):
        expected = list(jobs(most=9, **values))
        for _ in range(2):
            with django_assert_num_queries(1):
                assert statement.rows({"most": 9}, **values) == expected
    assert len(statement.rows({"most": 2}, name="a")) == 2


def test_values_are_converted_as_by_the_orm() -> None:
    pair = ApiKeyPairFactory()

    def keys(*, api_key: str) -> "QuerySet[Any, Any]":
        return ApiKeyPair.objects.filter(api_key=api_key).values_list("secret_key")

    [[secret]] = Statement(keys).rows(api_key=pair.api_key)
    assert isinstance(secret, Secret) and secret.reveal() == pair.secret_key


def test_a_value_that_is_changed_on_its_way_is_refused() -> None:
    def like(*, name: str) -> "QuerySet[Any, Any]":
        return AsyncJob.objects.filter(name__icontains=name).values_list("pk")

    with pytest.raises(ValueError, match="does not hold name as it is"):
        Statement(like).rows(name="a")
    with pytest.raises(ValueError, match="never finds anything"):
        Statement(lambda name: AsyncJob.objects.filter(name=name, pk__in=[]).values_list("pk")).rows(name="a")
