"""Plans that even out clusters."""

from django.db.models import QuerySet

from apps.compute.models import ClusterDrsPlan
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def drs_plans_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ClusterDrsPlan]:
    """Plans are the operators' business."""
    return ClusterDrsPlan.objects.all() if caller.is_root_admin else ClusterDrsPlan.objects.none()
