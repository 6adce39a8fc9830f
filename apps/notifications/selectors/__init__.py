"""Which webhooks and deliveries a caller may see."""

from django.db.models import QuerySet

from apps.accounts.selectors import owned_scope
from apps.notifications.models import Webhook, WebhookDelivery
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def webhooks_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Webhook]:
    """Webhooks of the accounts that the caller reaches."""
    return owned_scope(Webhook.objects.all(), caller=caller, access=access)


def deliveries_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[WebhookDelivery]:
    """What was sent to those webhooks."""
    return WebhookDelivery.objects.filter(webhook__in=webhooks_visible_to(caller=caller, access=access))
