"""Webhooks for tests and the demo."""

import itertools

from apps.accounts.models import Account
from apps.notifications.models import Webhook, WebhookDelivery

_numbers = itertools.count(1)


def webhook(account: Account, **fields: object) -> Webhook:
    """A webhook of ``account`` at an address of its own."""
    number = next(_numbers)
    plain = {"name": f"hook-{number}", "payload_url": f"https://receiver.example.org/{number}"}
    return Webhook.objects.create(account=account, domain=account.domain, **{**plain, **fields})


def delivery(account: Account) -> WebhookDelivery:
    """Something that is to be sent to a webhook of ``account``."""
    return WebhookDelivery.objects.create(webhook=webhook(account), event_type="VM.START", payload="{}")
