"""Events: the row lives and dies with the change; plugins hear of it after the commit."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.factories import AccountFactory, root_caller
from cloudstack.framework.context import calling
from cloudstack.framework.errors import InternalError
from cloudstack.framework.events import types
from cloudstack.framework.events.bus import EventRecord, publish
from cloudstack.framework.events.models import Event
from cloudstack.framework.events.types import event_type, event_types
from cloudstack.plugin import hookimpl


class Listener:
    def __init__(self, failure: Exception | None = None):
        self.failure = failure
        self.heard: list[EventRecord] = []

    @hookimpl
    def event_published(self, event: EventRecord) -> None:
        self.heard.append(event)
        if self.failure:
            raise self.failure


@pytest.mark.django_db
def test_a_row_says_what_happened_to_what_and_by_whom() -> None:
    account = AccountFactory()
    caller = root_caller()
    with calling(caller, "trace-9"):
        event = publish("HOUSE.SELL", caller=caller, description="x" * 2000, resource=account, level="WARN")
    event.refresh_from_db()
    assert (event.type, event.level, event.state, len(event.description)) == ("HOUSE.SELL", "WARN", "Completed", 1024)
    assert (event.resource_type, event.resource_uuid, event.resource_name) == ("Account", account.uuid, str(account))
    assert str(event.account_uuid) == caller.account_uuid
    assert event.correlation_id == "trace-9"


@pytest.mark.django_db
def test_what_an_account_owns_is_its_event() -> None:
    owner = AccountFactory()
    house = SimpleNamespace(uuid=owner.uuid, account=owner)
    event = publish("HOUSE.SELL", caller=root_caller(), description="sold", resource=house)
    assert event.account_uuid == owner.uuid


@pytest.mark.django_db
def test_the_caller_of_the_context_counts_when_none_is_named() -> None:
    caller = root_caller()
    with calling(caller):
        assert str(publish("HOUSE.SELL", description="sold").account_uuid) == caller.account_uuid
    assert publish("HOUSE.SELL", description="sold").account_uuid is None


@pytest.mark.django_db(transaction=True)
def test_the_row_is_part_of_the_change(plugin: Any) -> None:
    listener = Listener()
    plugin(listener)
    with pytest.raises(RuntimeError), transaction.atomic():
        publish("HOUSE.SELL", description="sold")
        raise RuntimeError
    assert not Event.objects.exists()
    assert listener.heard == []


@pytest.mark.django_db(transaction=True)
def test_plugins_hear_after_the_commit(plugin: Any) -> None:
    listener = Listener()
    plugin(listener)
    with transaction.atomic():
        event = publish("HOUSE.SELL", description="sold", state="Started", job_uuid=None)
        assert listener.heard == []
    [heard] = listener.heard
    assert heard == EventRecord(
        uuid=str(event.uuid),
        type="HOUSE.SELL",
        level="INFO",
        state="Started",
        description="sold",
        resource_type="",
        resource_uuid="",
        account_uuid="",
        job_uuid="",
    )


@pytest.mark.django_db(transaction=True)
def test_a_plugin_that_fails_harms_neither_the_change_nor_the_others(
    plugin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = Listener(RuntimeError("deaf")), Listener()
    plugin(bad)
    plugin(good)
    after = []
    with transaction.atomic():
        publish("HOUSE.SELL", description="sold")
        transaction.on_commit(lambda: after.append(1))
    assert Event.objects.count() == 1
    assert len(bad.heard) == len(good.heard) == len(after) == 1
    assert "failed in event_published" in caplog.text


def test_a_type_is_declared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "_types", dict(types._types))
    assert event_type("TESTS.ONLY", "for tests") == "TESTS.ONLY"
    assert event_type("TESTS.ONLY", "for tests") == "TESTS.ONLY"
    with pytest.raises(InternalError, match=r"TESTS\.ONLY is declared twice"):
        event_type("TESTS.ONLY", "for other tests")
    assert list(event_types()) == sorted(event_types())
