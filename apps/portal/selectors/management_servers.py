"""Who sees the machines that run the platform."""

from django.db.models import QuerySet

from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.nodes.models import ManagementServer


def management_servers_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ManagementServer]:
    """All for root administrators, none for others."""
    return ManagementServer.objects.all() if caller.is_root_admin else ManagementServer.objects.none()
