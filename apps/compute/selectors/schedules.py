"""Which schedules a caller may see or change: those of machines that he may touch."""

from django.db.models import QuerySet

from apps.compute.models import VmSchedule
from apps.compute.selectors.virtual_machines import vms_visible_to
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def vm_schedules_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[VmSchedule]:
    return VmSchedule.objects.filter(vm__in=vms_visible_to(caller=caller, access=access).values("pk"))
