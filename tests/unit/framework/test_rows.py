"""An UPDATE without a queryset writes what a queryset would."""

import uuid
from datetime import UTC, datetime

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError, transaction
from django.db.models import F

from apps.accounts.factories import UserFactory
from cloudstack.framework.jobs import AsyncJob
from cloudstack.framework.rows import update_where

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> AsyncJob:
    return AsyncJob.objects.create(name="one", data={"a": [1]}, epoch=3)


def test_every_kind_of_value_arrives(job: AsyncJob) -> None:
    user, moment, resource = UserFactory(), datetime(2026, 11, 26, 1, 2, 3, 456789, tzinfo=UTC), uuid.uuid4()
    values = {
        "data": {"ä": None, "n": 1.5},
        "result": None,
        "user": user,
        "lease_until": moment,
        "resource_uuid": resource,
        "cancel_requested": True,
        "undo_attempts": 7,
        "owner": "100 % 'mine'",
    }
    assert update_where(AsyncJob, {"pk": job.pk, "epoch": 3}, values) == 1
    job.refresh_from_db()
    assert {name: getattr(job, name) for name in values} == values


def test_other_rows_stay_as_they_are(job: AsyncJob) -> None:
    other = AsyncJob.objects.create(name="two", epoch=3)
    assert update_where(AsyncJob, {"pk": job.pk, "epoch": 4}, {"owner": "me"}) == 0
    assert update_where(AsyncJob, {"pk": job.pk, "epoch": 3}, {"owner": "me"}) == 1
    other.refresh_from_db()
    assert other.owner == ""


def test_expressions_are_left_to_the_orm(job: AsyncJob) -> None:
    assert update_where(AsyncJob, {"pk": job.pk}, {"epoch": F("epoch") + 1}) == 1
    job.refresh_from_db()
    assert job.epoch == 4


def test_mistakes_are_said(job: AsyncJob) -> None:
    with pytest.raises(FieldDoesNotExist, match="ownr"):
        update_where(AsyncJob, {"pk": job.pk}, {"ownr": "me"})
    with pytest.raises(IntegrityError), transaction.atomic():
        update_where(AsyncJob, {"pk": job.pk}, {"name": None})
