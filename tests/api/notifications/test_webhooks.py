"""Webhooks: what happens is told to an address, signed, once it is committed, and until it arrives."""

import hashlib
import hmac
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.factories import AccountFactory
from apps.accounts.models import Account
from apps.notifications.models import Webhook, WebhookDelivery
from apps.notifications.services import delivery as sending
from apps.notifications.services import outbox
from apps.notifications.states import DeliveryState
from cloudstack.framework.events.bus import publish
from cloudstack.testing.api import ApiError
from tests.api.notifications.conftest import People, Receiver
from tests.support.cloud import client_of


def hook(people: People, receiver: Receiver, **more: Any) -> dict[str, Any]:
    made = people.api.call("createWebhook", name="h", payloadurl=receiver.url, **more)["webhook"]
    outbox.forget()
    return made


def happen(people: People, text: str = "machine web started") -> Any:
    return publish("VM.START", description=text, account_uuid=people.account.uuid)


def due_now() -> None:
    WebhookDelivery.objects.filter(state=DeliveryState.PENDING).update(due=timezone.now())


def test_an_event_arrives_signed(people: People, receiver: Receiver) -> None:
    made = hook(people, receiver, secretkey="between us")
    event = happen(people)
    assert sending.deliver_due() >= 1
    headers, body = receiver.received[-1]
    assert headers["X-CS-Signature"] == "sha256=" + hmac.new(b"between us", body, hashlib.sha256).hexdigest()
    assert (headers["X-CS-Event"], headers["X-CS-Event-ID"]) == ("VM.START", str(event.uuid))
    assert json.loads(body)["description"] == "machine web started"
    [shown] = people.api.items("listWebhookDeliveries", webhookid=made["id"], eventtype="VM.START")
    assert (shown["success"], shown["response"], shown["webhookname"]) == (True, "200 thanks", "h")
    assert json.loads(shown["payload"]) == json.loads(body)
    assert "between us" not in str(shown) and "X-CS-Signature" not in shown["headers"]


def test_the_key_is_stored_unreadable_and_never_shown(people: People, receiver: Receiver) -> None:
    made = hook(people, receiver, secretkey="between us")
    assert made["secretkey"] == "****"
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_key FROM notifications_webhook")
        assert "between us" not in str(cursor.fetchall())


def test_what_is_rolled_back_is_not_told(people: People, receiver: Receiver) -> None:
    hook(people, receiver)
    before = WebhookDelivery.objects.count()
    with transaction.atomic():
        happen(people)
        assert WebhookDelivery.objects.count() == before + 1
        transaction.set_rollback(True)
    assert WebhookDelivery.objects.count() == before


def test_a_failure_is_tried_again_and_given_up_in_the_end(people: People, receiver: Receiver) -> None:
    made = hook(people, receiver)
    WebhookDelivery.objects.all().delete()
    receiver.statuses = [500, 200]
    happen(people, "first")
    sending.deliver_due()
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts) == (DeliveryState.PENDING, 1) and row.due > timezone.now() + timedelta(seconds=5)
    assert sending.deliver_due() == 0, "it waits"
    due_now()
    sending.deliver_due()
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.SUCCEEDED, 2)
    receiver.statuses = [404]
    happen(people, "second")
    for _ in range(5):
        due_now()
        sending.deliver_due()
    [shown] = people.api.items("listWebhookDeliveries", webhookid=made["id"], keyword="second")
    assert (shown["success"], shown["response"]) == (False, "404 no thanks")
    assert len([1 for _, body in receiver.received if b"second" in body]) == 3


def test_what_a_dead_worker_had_in_hand_is_sent_by_another(people: People, receiver: Receiver) -> None:
    hook(people, receiver)
    WebhookDelivery.objects.all().delete()
    happen(people)
    WebhookDelivery.objects.update(state=DeliveryState.SENDING, due=timezone.now() + timedelta(minutes=1))
    assert sending.deliver_due() == 0, "its sender may be alive"
    WebhookDelivery.objects.update(due=timezone.now() - timedelta(seconds=1))
    assert sending.deliver_due() == 1
    assert WebhookDelivery.objects.get().state == DeliveryState.SUCCEEDED


def test_who_hears_what(people: People, receiver: Receiver) -> None:
    local = hook(people, receiver)
    wide = people.admin.call("createWebhook", name="d", payloadurl=receiver.url + "d", scope="Domain")["webhook"]
    everything = people.root.call("createWebhook", name="g", payloadurl=receiver.url + "g", scope="Global")["webhook"]
    outbox.forget()
    WebhookDelivery.objects.all().delete()
    publish("VM.START", description="ours", account_uuid=people.account.uuid)
    publish("VM.START", description="theirs", account_uuid=people.stranger_account.uuid)
    publish("HOST.STATE", description="nobody's")
    heard = {
        one["id"]: sorted(
            json.loads(text)["description"]
            for text in WebhookDelivery.objects.filter(webhook__uuid=one["id"]).values_list("payload", flat=True)
        )
        for one in (local, wide, everything)
    }
    assert heard == {local["id"]: ["ours"], wide["id"]: ["ours"], everything["id"]: ["nobody's", "ours", "theirs"]}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"payloadurl": "ftp://example.org/x"}, "must begin with http"),
        ({"payloadurl": "http://127.0.0.1/x"}, "not a public address"),
        ({"payloadurl": "http://169.254.169.254/latest"}, "not a public address"),
        ({"payloadurl": "http://user:pw@example.org/"}, "user name or password"),
        ({"scope": "Domain"}, "Only an administrator"),
        ({"scope": "Global"}, "Only a root admin"),
        ({"scope": "Galaxy"}, "Local"),
        ({"state": "Half"}, "Enabled"),
    ],
)
def test_bad_webhooks_are_refused_and_leave_nothing(people: People, params: dict[str, str], words: str) -> None:
    with pytest.raises(ApiError, match=words):
        people.api.call("createWebhook", **{"name": "h", "payloadurl": "https://example.org/x", **params})
    assert not Webhook.all_objects.exists()


def test_a_name_that_leads_inside_is_refused_when_it_is_sent(people: People, monkeypatch: Any) -> None:
    people.api.call("createWebhook", name="h", payloadurl="http://inside.example.org/x")
    outbox.forget()
    monkeypatch.setattr("cloudstack.framework.safe_fetch.resolve", lambda host, port: ["10.0.0.7"])
    happen(people)
    sending.deliver_due()
    assert "10.0.0.7 is not a public address" in WebhookDelivery.objects.order_by("-pk")[0].response


def test_a_webhook_is_changed_switched_off_and_deleted(people: People, receiver: Receiver) -> None:
    made = hook(people, receiver)
    people.api.call("updateWebhook", id=made["id"], state="Disabled", name="other")
    outbox.forget()
    before = WebhookDelivery.objects.count()
    happen(people)
    assert WebhookDelivery.objects.count() == before
    with pytest.raises(ApiError, match="is disabled"):
        people.api.call("executeWebhookDelivery", webhookid=made["id"])
    assert people.api.items("listWebhooks", state="Disabled")[0]["name"] == "other"
    people.api.call("deleteWebhook", id=made["id"])
    assert people.api.items("listWebhooks") == [] and not WebhookDelivery.objects.exists()


def test_a_test_message_and_once_more(people: People, receiver: Receiver) -> None:
    made = hook(people, receiver)
    WebhookDelivery.objects.all().delete()
    shown = people.api.call("executeWebhookDelivery", webhookid=made["id"], payload='{"a": 1}')["webhookdelivery"]
    assert "success" not in shown
    sending.deliver_due()
    assert receiver.received[-1][1] == b'{"a": 1}'
    people.api.call("executeWebhookDelivery", id=shown["id"])
    sending.deliver_due()
    assert [body for _, body in receiver.received] == [b'{"a": 1}'] * 2
    with pytest.raises(ApiError, match="either id or webhookid"):
        people.api.call("executeWebhookDelivery")
    people.api.call("deleteWebhookDelivery", webhookid=made["id"])
    assert not WebhookDelivery.objects.exists()


def test_others_neither_see_nor_touch_it(people: People, receiver: Receiver) -> None:
    made = hook(people, receiver)
    happen(people)
    sent = WebhookDelivery.objects.order_by("-pk")[0]
    assert people.stranger.items("listWebhooks", listall=True) == []
    assert people.stranger.items("listWebhookDeliveries") == []
    for command, params in (
        ("updateWebhook", {"id": made["id"], "name": "mine"}),
        ("deleteWebhook", {"id": made["id"]}),
        ("executeWebhookDelivery", {"id": sent.uuid}),
        ("deleteWebhookDelivery", {"id": sent.uuid}),
        ("listWebhookDeliveries", {"webhookid": made["id"]}),
    ):
        texts = set()
        for aim in (params, {**params, **{name: str(uuid.uuid4()) for name in ("id", "webhookid") if name in params}}):
            with pytest.raises(ApiError) as caught:
                people.stranger.call(command, **aim)
            texts.add(caught.value.text.replace(str(next(iter(aim.values()))), "X"))
        assert len(texts) == 1


def test_only_the_newest_deliveries_are_kept(people: People, receiver: Receiver) -> None:
    made = hook(people, receiver)
    WebhookDelivery.objects.all().delete()
    for number in range(14):
        happen(people, str(number))
    sending.deliver_due()
    assert sending.prune() == 4
    kept = people.api.items("listWebhookDeliveries", webhookid=made["id"])
    assert [json.loads(row["payload"])["description"] for row in kept] == [str(number) for number in range(13, 3, -1)]


def test_what_hears_of_a_domain_belongs_to_an_administrator(people: People, receiver: Receiver) -> None:
    """Its owner reads what was sent and may send it elsewhere, so it is never an ordinary user's."""
    sellers = {"account": "seller", "domainid": people.account.domain.uuid}
    for who, scope in ((people.admin, "Domain"), (people.root, "Domain"), (people.root, "Global")):
        with pytest.raises(ApiError, match="belongs to an administrator"):
            who.call("createWebhook", name="w", payloadurl=receiver.url, scope=scope, **sellers)
    made = hook(people, receiver)
    with pytest.raises(ApiError, match="belongs to an administrator"):
        people.admin.call("updateWebhook", id=made["id"], scope="Domain")
    assert people.api.items("listWebhooks")[0]["scope"] == "Local"


def test_who_is_no_administrator_any_more_hears_of_his_own_only(people: People, receiver: Receiver) -> None:
    made = people.admin.call("createWebhook", name="d", payloadurl=receiver.url, scope="Domain")["webhook"]
    outbox.forget()
    happen(people)
    assert WebhookDelivery.objects.filter(event_type="VM.START").count() == 1
    owner = Webhook.objects.get(uuid=made["id"]).account
    for change in ({"state": "disabled"}, {"state": "enabled", "role": people.account.role, "type": 0}):
        Account.objects.filter(pk=owner.pk).update(**change)
        happen(people, "later")
        assert WebhookDelivery.objects.filter(event_type="VM.START").count() == 1
    assert people.admin.items("listWebhooks") == []
    assert people.admin.items("listWebhookDeliveries") == []


def test_what_root_admins_hear_and_do_is_not_for_the_admin_of_their_domain(people: People, receiver: Receiver) -> None:
    """Their events name hosts; a root admin's account may stand in any domain."""
    operator = AccountFactory(root_admin=True, domain=people.account.domain)
    theirs = client_of(operator).call("createWebhook", name="all", payloadurl=receiver.url, scope="Global")["webhook"]
    wide = people.admin.call("createWebhook", name="d", payloadurl=receiver.url, scope="Domain")["webhook"]
    outbox.forget()
    publish("HOST.STATE", description="host kvm-7 is Down", account_uuid=operator.uuid)
    assert WebhookDelivery.objects.filter(webhook__uuid=theirs["id"], event_type="HOST.STATE").exists()
    assert not WebhookDelivery.objects.filter(webhook__uuid=wide["id"], event_type="HOST.STATE").exists()
    assert [row["id"] for row in people.admin.items("listWebhooks", listall=True)] == [wide["id"]]
    with pytest.raises(ApiError, match="Unable to find webhook"):
        people.admin.call("updateWebhook", id=theirs["id"], payloadurl=receiver.url + "mine")
    shown = [row["type"] for row in people.admin.items("listEvents", listall=True)]
    assert "HOST.STATE" not in shown and "WEBHOOK.CREATE" in shown
