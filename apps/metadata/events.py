"""Types of the events that the metadata app publishes."""

from cloudstack.framework.events.types import event_type

CREATE_TAGS = event_type("CREATE_TAGS", "tags were attached to objects")
DELETE_TAGS = event_type("DELETE_TAGS", "tags were taken off objects")
ICON_UPLOAD = event_type("RESOURCE.ICON.UPLOAD", "an object got an icon")
ICON_DELETE = event_type("RESOURCE.ICON.DELETE", "an object lost its icon")
ANNOTATION_CREATE = event_type("ANNOTATION.CREATE", "somebody noted something about an object")
ANNOTATION_UPDATE = event_type("ANNOTATION.UPDATE", "a note was shown to others, or kept for administrators")
ANNOTATION_REMOVE = event_type("ANNOTATION.REMOVE", "a note about an object was removed")
CREATE_DETAILS = event_type("CREATE_RESOURCE_DETAILS", "details of an object were set")
DELETE_DETAILS = event_type("DELETE_RESOURCE_DETAILS", "details of an object were removed")
