"""What plugins that carry alerts to people give and get; see the hook ``register_alert_channels``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class AlertNotice:
    """An alert as channels get it. Moments are in UTC."""

    uuid: str
    type: str
    """``ALERT.COMPUTE.HOST``, …"""
    name: str
    description: str
    subject_uuid: str
    """The zone, pod, host or pool that it is about; empty for none."""
    created: datetime
    last_seen: datetime
    times_seen: int


@dataclass(frozen=True)
class AlertChannel:
    """``send(notices)`` carries new alerts to people, the oldest first; whatever it raises, it gets them again.

    ``name`` tells channels apart: lower-case letters, digits, dots and hyphens, at most 64.
    """

    name: str
    send: Callable[[Sequence[AlertNotice]], None]
