"""Public entities of the portal app."""

from apps.portal.selectors import events_visible_to
from cloudstack.api import register_entity
from cloudstack.framework.events.models import Event

register_entity(Event, scope=events_visible_to)
