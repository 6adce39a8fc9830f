"""Which webhooks and deliveries a caller may see."""

from django.db.models import Q, QuerySet

from apps.accounts.models import AccountType
from apps.accounts.selectors import owned_scope
from apps.notifications.models import Webhook, WebhookDelivery
from apps.notifications.states import WebhookScope
from cloudstack.api import Access
from cloudstack.framework.context import Caller

OWNERS = {
    WebhookScope.DOMAIN: (AccountType.ADMIN, AccountType.DOMAIN_ADMIN, AccountType.RESOURCE_DOMAIN_ADMIN),
    WebhookScope.GLOBAL: (AccountType.ADMIN,),
}
"""Kinds of accounts whose webhooks may hear of more than the account's own events."""


def webhooks_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Webhook]:
    """Webhooks of the accounts that the caller reaches, as far as they are fit for him."""
    return fit_for(caller, owned_scope(Webhook.objects.all(), caller=caller, access=access))


def fit_for(caller: Caller, hooks: QuerySet[Webhook]) -> QuerySet[Webhook]:
    """Those of ``hooks`` that were told nothing that the caller may not list himself."""
    if caller.is_root_admin:
        return hooks
    shown = (WebhookScope.LOCAL, WebhookScope.DOMAIN) if caller.is_admin else (WebhookScope.LOCAL,)
    return hooks.filter(~Q(account__type=AccountType.ADMIN), scope__in=shown)


def deliveries_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[WebhookDelivery]:
    """What was sent to those webhooks."""
    return WebhookDelivery.objects.filter(webhook__in=webhooks_visible_to(caller=caller, access=access))
