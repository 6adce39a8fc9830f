"""What has ended long ago is removed; what lives, or may still be looked at, stays."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.events import retention as event_retention
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob, retention
from cloudstack.framework.jobs.models import JobLog, JobStep
from tests.workflows.jobs.recording import ADMIRE

pytestmark = pytest.mark.django_db

Submit = Callable[..., AsyncJob]


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    store.forget()
    yield
    store.forget()


def put(submit: Submit, *, days: float, ended: bool = True) -> AsyncJob:
    job = submit(ADMIRE)
    JobLog.objects.create(job=job, text="a line")
    then = timezone.now() - timedelta(days=days)
    changes: dict[str, Any] = {"created": then}
    if ended:
        changes |= {"status": AsyncJob.Status.FAILED, "completed": then}
    AsyncJob.objects.filter(pk=job.pk).update(**changes)
    return job


def setting(name: str, value: str) -> None:
    ConfigValue.objects.create(name=name, scope="global", value=value)
    store.forget()


def test_jobs_that_ended_long_ago_go_with_all_that_is_theirs(submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    kept = [put(submit, days=29), put(submit, days=31, ended=False)]
    for days in (31, 40, 50, 60, 70):
        put(submit, days=days)
    assert retention.purge() == 5
    assert list(AsyncJob.objects.order_by("pk")) == kept
    assert set(JobStep.objects.values_list("job", flat=True)) <= {job.pk for job in kept}
    assert set(JobLog.objects.values_list("job", flat=True)) == {job.pk for job in kept}
    assert retention.purge() == 0


def test_the_operator_says_how_long_jobs_are_kept(submit: Submit) -> None:
    put(submit, days=1)
    setting("job.expire.minutes", "60")
    assert retention.purge() == 1
    put(submit, days=1000)
    ConfigValue.objects.update(value="0")
    store.forget()
    assert retention.purge() == 0


def test_old_events_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_retention, "BATCH", 2)
    for days in (1, 89, 91, 100, 400):
        event = publish("VM.CREATE", description=f"{days} days ago")
        Event.objects.filter(pk=event.pk).update(created=timezone.now() - timedelta(days=days))
    assert event_retention.purge() == 3
    assert set(Event.objects.values_list("description", flat=True)) == {"1 days ago", "89 days ago"}
    setting("event.purge.delay", "0")
    assert event_retention.purge() == 0
