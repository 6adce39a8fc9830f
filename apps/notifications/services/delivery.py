"""Sending deliveries: signed, to judged addresses, each by one worker at a time, tried again with growing pauses."""

import hashlib
import hmac
from datetime import timedelta

import orjson
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from apps.notifications.config import ALLOWED_NETWORKS, DELIVERIES_KEPT, DELIVERY_TIMEOUT_S, DELIVERY_TRIES
from apps.notifications.models import Webhook, WebhookDelivery
from apps.notifications.states import DeliveryState, WebhookState
from cloudstack.framework.errors import CloudError
from cloudstack.framework.rows import update_where
from cloudstack.framework.safe_fetch import FetchPolicy, Question, parse_networks, send

MAX_RESPONSE_BYTES = 4096
BATCH = 50
PAUSE_S = 10
"""Before the second try; each further pause is six times as long."""
DEAD_AFTER = timedelta(seconds=120)
"""Longer than any delivery can take."""


def policy() -> FetchPolicy:
    """How webhooks may be reached."""
    timeout = float(DELIVERY_TIMEOUT_S.value())
    return FetchPolicy(
        max_bytes=MAX_RESPONSE_BYTES,
        allowed=parse_networks(str(ALLOWED_NETWORKS.value())),
        max_redirects=0,
        connect_timeout_s=timeout,
        read_timeout_s=timeout,
        total_timeout_s=timeout,
    )


def deliver_due() -> int:
    """Send up to ``BATCH`` deliveries that are due; answers how many this call has sent."""
    due = WebhookDelivery.objects.filter(
        state__in=(DeliveryState.PENDING, DeliveryState.SENDING), due__lte=timezone.now()
    )
    sent = 0
    for pk in list(due.order_by("due", "pk").values_list("pk", flat=True)[:BATCH]):
        sent += deliver(pk)
    return sent


def deliver(pk: int) -> bool:
    """Send one delivery unless another worker has it in hand."""
    now = timezone.now()
    claimed = WebhookDelivery.objects.filter(
        pk=pk, state__in=(DeliveryState.PENDING, DeliveryState.SENDING), due__lte=now
    ).update(state=DeliveryState.SENDING, started=now, due=now + DEAD_AFTER)
    if not claimed:
        return False
    delivery = WebhookDelivery.objects.select_related("webhook").get(pk=pk)
    hook = delivery.webhook
    if hook.removed is not None or hook.state != WebhookState.ENABLED:
        _end(delivery, DeliveryState.FAILED, "the webhook was disabled or deleted before this was sent")
        return False
    headers = headers_of(delivery)
    signed = {**headers, **_signature(hook, delivery.payload)}
    question = Question(method="POST", body=delivery.payload.encode(), headers=signed, verify_tls=hook.ssl_verification)
    try:
        answer = send(hook.payload_url, question, policy())
    except CloudError as error:
        _failed(delivery, headers, error.message)
        return True
    text = f"{answer.status} {answer.text}".strip()
    if 200 <= answer.status < 300:
        _end(delivery, DeliveryState.SUCCEEDED, text, headers)
    else:
        _failed(delivery, headers, text)
    return True


def headers_of(delivery: WebhookDelivery) -> dict[str, str]:
    """What is sent beside the payload, without the signature."""
    return {
        "Content-Type": "application/json",
        "User-Agent": f"CS-Hookshot/{str(delivery.webhook.uuid)[:8]}",
        "X-CS-Event": delivery.event_type or "TEST",
        "X-CS-Event-ID": str(delivery.event_uuid or delivery.uuid),
        "X-CS-Delivery": str(delivery.uuid),
    }


def _signature(hook: Webhook, payload: str) -> dict[str, str]:
    """HMAC-SHA256 of the payload with the key of the webhook, in hex; nothing without a key."""
    if not hook.secret_key:
        return {}
    digest = hmac.new(hook.secret_key.reveal().encode(), payload.encode(), hashlib.sha256).hexdigest()
    return {"X-CS-Signature": f"sha256={digest}"}


def _failed(delivery: WebhookDelivery, headers: dict[str, str], text: str) -> None:
    if delivery.attempts + 1 >= int(DELIVERY_TRIES.value()):
        _end(delivery, DeliveryState.FAILED, text, headers)
        return
    pause = timedelta(seconds=PAUSE_S * 6**delivery.attempts)
    update_where(
        WebhookDelivery,
        {"pk": delivery.pk, "state": DeliveryState.SENDING, "started": delivery.started},
        {
            "state": DeliveryState.PENDING,
            "attempts": delivery.attempts + 1,
            "due": timezone.now() + pause,
            "headers": orjson.dumps(headers).decode(),
            "response": _shown(text),
        },
    )


def _end(delivery: WebhookDelivery, state: str, text: str, headers: dict[str, str] | None = None) -> None:
    update_where(
        WebhookDelivery,
        {"pk": delivery.pk, "state": DeliveryState.SENDING, "started": delivery.started},
        {
            "state": state,
            "attempts": delivery.attempts + 1,
            "ended": timezone.now(),
            "headers": orjson.dumps(headers).decode() if headers else "",
            "response": _shown(text),
        },
    )


def _shown(text: str) -> str:
    # PostgreSQL stores no NUL.
    return text.replace("\x00", "")[:MAX_RESPONSE_BYTES]


def prune() -> int:
    """Remove what has ended, but the newest ``webhook.deliveries.limit`` of each webhook; answers how many."""
    kept = int(DELIVERIES_KEPT.value())
    newest = WebhookDelivery.objects.filter(webhook=OuterRef("webhook")).order_by("-pk").values("pk")
    ended = Q(state__in=(DeliveryState.SUCCEEDED, DeliveryState.FAILED))
    old = WebhookDelivery.objects.filter(ended).annotate(oldest_kept=Subquery(newest[kept - 1 : kept]))
    keys = [pk for pk, oldest in old.values_list("pk", "oldest_kept") if oldest is not None and pk < oldest]
    return WebhookDelivery.objects.filter(pk__in=keys).delete()[0] if keys else 0
