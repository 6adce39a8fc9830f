"""Periodic work of the notifications app."""

from apps.notifications.services import alert_channels, alert_mail, capacity_alerts, delivery
from cloudstack.framework.scheduler import scheduled


@scheduled("notifications.deliver", every_s=15)
def deliver() -> int:
    """Send what is due to webhooks: retries, and what a worker that died has left; answers how many."""
    return delivery.deliver_due()


@scheduled("notifications.prune_deliveries", every_s=600)
def prune() -> int:
    """Remove old deliveries of each webhook beyond ``webhook.deliveries.limit``; answers how many."""
    return delivery.prune()


@scheduled("notifications.capacity_alerts", every_s=300)
def capacities() -> int:
    """Raise alerts for zones and clusters whose capacity is nearly used up; answers how many."""
    return capacity_alerts.check()


@scheduled("notifications.mail_alerts", every_s=60)
def mail() -> int:
    """Mail new alerts to ``alert.email.addresses``; answers how many."""
    return alert_mail.mail_new()


@scheduled("notifications.carry_alerts", every_s=60)
def carry() -> int:
    """Give new alerts to the channels of plugins; answers how many."""
    return alert_channels.send_new()
