"""Publishing events and reading those that hooks are told."""

from cloudstack.framework.events.bus import EventRecord, publish
from cloudstack.framework.events.types import event_type

__all__ = ["EventRecord", "event_type", "publish"]
