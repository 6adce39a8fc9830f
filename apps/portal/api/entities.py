"""Public entities of the portal app."""

from apps.portal.selectors import events_visible_to
from apps.portal.selectors.management_servers import management_servers_visible_to
from cloudstack.api import register_entity
from cloudstack.framework.events.models import Event
from cloudstack.framework.nodes.models import ManagementServer

register_entity(Event, scope=events_visible_to)
register_entity(ManagementServer, scope=management_servers_visible_to, noun="management server")
