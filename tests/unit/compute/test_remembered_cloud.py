"""A cloud that is put in again is the one that the commands made, and works."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.infrastructure.models import Host, Zone
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_job
from tests.support import remembered
from tests.support.cloud import build_cloud, check_invariants
from tests.support.crashes import rolled_back

pytestmark = pytest.mark.django_db


def test_the_second_is_like_the_first_and_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_memories", {})
    before = remembered._state()
    with rolled_back():
        first = build_cloud(hosts=1, clusters=1)
        made = remembered._state()
    assert remembered._state() == before != made
    with CaptureQueriesContext(transaction.get_connection()) as asked:
        second = build_cloud(hosts=1, clusters=1)
    assert len(asked) < 150, "it was made by the commands"
    assert remembered._state() == made
    assert second.zone == first.zone and second.zone is not first.zone
    assert Zone.objects.get().uuid == first.zone.uuid
    assert timezone.now() - Host.objects.get().created < timedelta(minutes=1)
    answer = second.deploy()
    assert run_job(AsyncJob.objects.get(uuid=answer["jobid"])).status == AsyncJob.Status.SUCCEEDED
    check_invariants()


def test_another_database_gets_another_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_memories", {})
    with rolled_back():
        build_cloud(hosts=1, clusters=1)
    Zone.objects.create(name="old", network_type="Advanced")
    cloud = build_cloud(hosts=1, clusters=1)
    assert Zone.objects.count() == 2 and cloud.zone.name != "old"
    assert len(remembered._memories) == 2
