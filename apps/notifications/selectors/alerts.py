"""Alerts are about the platform's own things: root admins see them."""

from django.db.models import QuerySet

from cloudstack.api import Access
from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.context import Caller


def alerts_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Alert]:
    """All for root admins, none for others."""
    return Alert.objects.all() if caller.is_root_admin else Alert.objects.none()
