"""Totals of lists, and conditions by subquery: they say the same as the plain way to write them."""

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import AccountFactory, ProjectFactory
from apps.accounts.models import Account, Domain, Project
from cloudstack.api.counting import Few, among_keys, total_of
from cloudstack.framework.events.models import Event

pytestmark = pytest.mark.django_db

OF_PROJECTS = Q(Few("account_uuid", Project.all_objects.order_by().values("account__uuid")))


@pytest.fixture
def owners() -> list[Account]:
    """Somebody with two events, and two projects with one each; one event is nobody's."""
    somebody = AccountFactory()
    owners = [somebody, ProjectFactory().account, ProjectFactory().account]
    for owner in [*owners, somebody]:
        Event.objects.create(type="VM.START", description=f"of {owner.name}", account_uuid=owner.uuid)
    Event.objects.create(type="VM.STOP", description="of nobody")
    return owners


def total(rows) -> int:
    return Event.objects.annotate(total=total_of(rows)).values_list("total", flat=True)[0]


def test_what_is_left_out_is_not_counted_and_rows_without_a_value_stay(owners: list[Account]) -> None:
    rows = Event.objects.exclude(OF_PROJECTS)
    assert sorted(rows.values_list("description", flat=True)) == sorted([*[f"of {owners[0].name}"] * 2, "of nobody"])
    assert total(rows) == 3
    assert Event.objects.filter(OF_PROJECTS).count() == total(Event.objects.filter(OF_PROJECTS)) == 2


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        (Q(type="VM.START"), 2),
        (Q(type__in=["VM.START", "VM.STOP"]), 3),
        (Q(description__icontains="nobody"), 1),
        (Q(type="VM.STOP") | Q(description__startswith="of"), 3),
        (Q(account_uuid__isnull=True), 1),
        (~Q(type="VM.STOP"), 2),
    ],
)
def test_the_total_follows_every_filter(owners: list[Account], narrowed: Q, expected: int) -> None:
    for rows in (
        Event.objects.exclude(OF_PROJECTS).filter(narrowed),
        Event.objects.filter(narrowed).exclude(OF_PROJECTS),
    ):
        assert total(rows) == rows.count() == expected


def test_simple_filters_are_counted_without_a_look_at_each_row(owners: list[Account]) -> None:
    with CaptureQueriesContext(connection) as queries:
        total(Event.objects.exclude(OF_PROJECTS).filter(type="VM.START"))
        total(Event.objects.exclude(OF_PROJECTS).filter(description__icontains="of"))
    simple, scan = (query["sql"] for query in queries)
    assert (simple.count("COUNT(*)"), scan.count("COUNT(*)")) == (2, 1)
    assert "NOT (" not in simple


def test_keys_from_a_subquery_also_beside_an_or(owners: list[Account]) -> None:
    mine = among_keys("domain_id", Domain.objects.filter(pk=owners[0].domain_id).values("pk"))
    assert list(Account.objects.filter(mine)) == [owners[0]]
    assert set(Account.objects.filter(mine | Q(pk=owners[1].pk))) == set(owners[:2])
    assert not Account.objects.filter(among_keys("pk", Account.objects.none().values("pk"))).exists()
