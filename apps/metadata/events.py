"""Types of the events that the metadata app publishes."""

from cloudstack.framework.events.types import event_type

CREATE_TAGS = event_type("CREATE_TAGS", "tags were attached to objects")
DELETE_TAGS = event_type("DELETE_TAGS", "tags were taken off objects")
