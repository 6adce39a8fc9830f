"""Types of the events that the notifications app publishes."""

from cloudstack.framework.events.types import event_type

WEBHOOK_CREATE = event_type("WEBHOOK.CREATE", "a webhook is made")
WEBHOOK_UPDATE = event_type("WEBHOOK.UPDATE", "a webhook is changed")
WEBHOOK_DELETE = event_type("WEBHOOK.DELETE", "a webhook is deleted")
ALERT_GENERATE = event_type("ALERT.GENERATE", "an administrator writes an alert")
