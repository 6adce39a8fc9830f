"""Types of the events that the portal app publishes."""

from cloudstack.framework.events.types import event_type
from cloudstack.framework.plugins import service as _plugins  # noqa: F401 - it declares the types of its own events

REGION_CREATE = event_type("REGION.CREATE", "a region was added")
REGION_UPDATE = event_type("REGION.UPDATE", "a region was changed")
REGION_DELETE = event_type("REGION.DELETE", "a region was removed")
