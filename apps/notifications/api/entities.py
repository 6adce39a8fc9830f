"""Which callers reach what."""

from apps.notifications.models import Webhook, WebhookDelivery
from apps.notifications.selectors import deliveries_visible_to, webhooks_visible_to
from apps.notifications.selectors.alerts import alerts_visible_to
from cloudstack.api import register_entity
from cloudstack.framework.alerts.models import Alert

register_entity(Alert, scope=alerts_visible_to)
register_entity(Webhook, scope=webhooks_visible_to)
register_entity(WebhookDelivery, scope=deliveries_visible_to, noun="webhook delivery")
