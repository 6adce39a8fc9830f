"""From events to deliveries: written in the transaction of the event, so that none is lost and none invented."""

import time
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q

from apps.accounts.models import Account, AccountType
from apps.accounts.models.domain import ancestor_paths
from apps.accounts.states import AccountState
from apps.notifications.models import Webhook, WebhookDelivery
from apps.notifications.selectors import OWNERS
from apps.notifications.services.bell import ring
from apps.notifications.states import WebhookScope, WebhookState
from cloudstack.api.dates import format_date
from cloudstack.framework.events.models import Event

TRUST_S = 5.0
"""A process looks at most this often whether there are webhooks at all: most installations have none."""

_any = False
_looked_at = -TRUST_S


def put_out(event: Event) -> None:
    """Write a delivery for each webhook that is to hear of ``event``."""
    if not _there_are_webhooks():
        return
    account = Account.all_objects.filter(uuid=event.account_uuid).select_related("domain").first()
    hears = hooks_in_force(WebhookScope.GLOBAL)
    if account is not None:
        hears |= Q(scope=WebhookScope.LOCAL, account=account)
        above = hooks_in_force(WebhookScope.DOMAIN) & Q(domain__path__in=ancestor_paths(account.domain.path))
        # What root admins do is not for the administrators of the domain that their account happens to be in.
        hears |= above & Q(account__type=AccountType.ADMIN) if account.type == AccountType.ADMIN else above
    hooks = list(Webhook.objects.filter(hears, state=WebhookState.ENABLED).values_list("pk", flat=True))
    if not hooks:
        return
    payload = payload_of(event, account)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(webhook_id=pk, event_uuid=event.uuid, event_type=event.type, payload=payload) for pk in hooks
    )
    transaction.on_commit(ring, robust=True)


def hooks_in_force(scope: WebhookScope) -> Q:
    """Webhooks that may hear of more than their owner's events: he must be allowed it today, not only when he asked."""
    return Q(scope=scope, account__type__in=OWNERS[scope], account__state=AccountState.ENABLED)


def payload_of(event: Event, account: Account | None) -> str:
    """The event as receivers get it, in JSON."""
    body: dict[str, Any] = {
        "eventid": str(event.uuid),
        "event": event.type,
        "eventDateTime": format_date(event.created),
        "status": event.state,
        "level": event.level,
        "description": event.description,
        "entity": event.resource_type,
        "entityuuid": str(event.resource_uuid or ""),
        "entityname": event.resource_name,
        "account": account.name if account else "",
        "accountid": str(event.account_uuid or ""),
        "jobid": str(event.job_uuid or ""),
    }
    return orjson.dumps(body).decode()


def forget() -> None:
    """Look again at the next event; called when a webhook is made or changed."""
    global _looked_at
    _looked_at = -TRUST_S


def _there_are_webhooks() -> bool:
    global _any, _looked_at
    if time.monotonic() - _looked_at >= TRUST_S:
        _any = Webhook.objects.filter(state=WebhookState.ENABLED).exists()
        _looked_at = time.monotonic()
    return _any
