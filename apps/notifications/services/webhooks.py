"""Webhooks: made, changed, deleted, and tried out."""

from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Account
from apps.notifications import events
from apps.notifications.config import MAX_WEBHOOKS
from apps.notifications.models import Webhook, WebhookDelivery
from apps.notifications.selectors import OWNERS
from apps.notifications.services import outbox
from apps.notifications.services.bell import ring
from apps.notifications.services.delivery import policy
from apps.notifications.states import DeliveryState, WebhookScope, WebhookState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.safe_fetch import check_url
from cloudstack.framework.secrets import Secret

MAX_PAYLOAD = 64 * 1024


class WebhookManager:
    """Intent on webhooks; what is due is sent by :mod:`apps.notifications.services.delivery`."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        owner: Account,
        name: str,
        payload_url: str,
        description: str = "",
        state: str = WebhookState.ENABLED,
        scope: str = WebhookScope.LOCAL,
        secret_key: Secret | None = None,
        ssl_verification: bool = True,
    ) -> Webhook:
        """Raises ``InvalidParameter`` for a wrong address and ``PermissionDenied`` for a scope beyond the caller."""
        check_url(payload_url, policy(), parameter="payloadurl")
        _ensure_scope(caller, owner, scope)
        mine = Webhook.objects.filter(account=owner)
        if mine.count() >= int(MAX_WEBHOOKS.value(owner.uuid)):
            raise ResourceInUse(f"account {owner.name} has as many webhooks as webhook.max.per.account allows")
        _ensure_new(mine, payload_url)
        hook = Webhook.objects.create(
            account=owner,
            domain_id=owner.domain_id,
            name=name,
            description=description,
            state=state,
            scope=scope,
            payload_url=payload_url,
            secret_key=secret_key or Secret(""),
            ssl_verification=ssl_verification,
        )
        self._tell(caller, events.WEBHOOK_CREATE, hook, f"webhook {hook} made")
        return hook

    @transaction.atomic
    def update(self, *, caller: Caller, webhook: Webhook, **changes: Any) -> Webhook:
        """Change what is given; None leaves a value as it is. Raises as ``create``."""
        given = {name: value for name, value in changes.items() if value is not None}
        if "payload_url" in given and given["payload_url"] != webhook.payload_url:
            check_url(given["payload_url"], policy(), parameter="payloadurl")
            _ensure_new(Webhook.objects.filter(account=webhook.account_id), given["payload_url"])
        if "scope" in given:
            _ensure_scope(caller, webhook.account, given["scope"])
        if given:
            Webhook.objects.filter(pk=webhook.pk).update(**given)
            webhook.refresh_from_db()
            self._tell(caller, events.WEBHOOK_UPDATE, webhook, f"webhook {webhook} changed: {', '.join(sorted(given))}")
        return webhook

    @transaction.atomic
    def delete(self, *, caller: Caller, webhook: Webhook) -> None:
        """What was not sent yet is not sent any more."""
        if webhook.mark_removed():
            webhook.deliveries.all().delete()
            self._tell(caller, events.WEBHOOK_DELETE, webhook, f"webhook {webhook} deleted")

    @transaction.atomic
    def send_again(self, *, caller: Caller, delivery: WebhookDelivery) -> WebhookDelivery:
        """The same payload once more, as a delivery of its own."""
        return self._put_out(delivery.webhook, delivery.payload, delivery.event_type, delivery.event_uuid)

    @transaction.atomic
    def send_test(self, *, caller: Caller, webhook: Webhook, payload: str | None = None) -> WebhookDelivery:
        """A message that tells of nothing but itself. Raises ``InvalidParameter`` for a payload that is too long."""
        if payload is not None and len(payload) > MAX_PAYLOAD:
            raise InvalidParameter(f"payload has more than {MAX_PAYLOAD} characters", parameter="payload")
        text = {"event": "TEST", "description": f"sent by {caller.username} to try webhook {webhook}"}
        return self._put_out(webhook, payload or orjson.dumps(text).decode(), "")

    @transaction.atomic
    def forget_deliveries(self, *, caller: Caller, deliveries: Any) -> int:
        """Delete records of what has ended."""
        ended = deliveries.filter(state__in=(DeliveryState.SUCCEEDED, DeliveryState.FAILED))
        return int(WebhookDelivery.objects.filter(pk__in=ended.values("pk")).delete()[0])

    def _put_out(self, hook: Webhook, payload: str, event_type: str, event_uuid: Any = None) -> WebhookDelivery:
        if hook.state != WebhookState.ENABLED:
            raise InvalidParameter(f"webhook {hook} is disabled; enable it first", parameter="webhookid")
        delivery = WebhookDelivery.objects.create(
            webhook=hook, payload=payload, event_type=event_type, event_uuid=event_uuid, due=timezone.now()
        )
        transaction.on_commit(ring, robust=True)
        return delivery

    def _tell(self, caller: Caller, kind: str, hook: Webhook, text: str) -> None:
        publish(kind, caller=caller, description=text, resource=hook)
        transaction.on_commit(outbox.forget, robust=True)


def _ensure_scope(caller: Caller, owner: Account, scope: str) -> None:
    if scope == WebhookScope.GLOBAL and not caller.is_root_admin:
        raise PermissionDenied("Only a root admin may have a webhook hear of everything", parameter="scope")
    if scope == WebhookScope.DOMAIN and not caller.is_admin:
        raise PermissionDenied("Only an administrator may have a webhook hear of a whole domain", parameter="scope")
    # Who owns a webhook reads what it was told, and may send it elsewhere.
    if scope != WebhookScope.LOCAL and owner.type not in OWNERS[WebhookScope(scope)]:
        raise PermissionDenied(
            f"account {owner.name} may not hear of so much: a webhook of scope {scope} belongs to an administrator",
            parameter="scope",
        )


def _ensure_new(hooks: Any, payload_url: str) -> None:
    if hooks.filter(payload_url=payload_url).exists():
        raise InvalidParameter(f"the account has a webhook for {payload_url} already", parameter="payloadurl")
