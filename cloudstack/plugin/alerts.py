"""Raising alerts, and carrying them to people; see the hook ``register_alert_channels``."""

from cloudstack.framework.alerts.channels import AlertChannel, AlertNotice
from cloudstack.framework.alerts.service import raise_alert
from cloudstack.framework.alerts.types import AlertType

__all__ = ["AlertChannel", "AlertNotice", "AlertType", "raise_alert"]
