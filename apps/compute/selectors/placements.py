"""Why machines are where they are."""

from django.db.models import QuerySet

from apps.compute.models import VirtualMachine, VirtualMachinePlacement
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def placements_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[VirtualMachinePlacement]:
    """They name hosts with what runs on them and what is wrong with them: for those who run the platform."""
    placements = VirtualMachinePlacement.objects.all()
    return placements if caller.is_root_admin else placements.none()


def why_here(vm: VirtualMachine) -> VirtualMachinePlacement | None:
    """The newest record that tells why ``vm`` is on its present host; the newest of all when it is on none.

    None when there is no record of it (any more).
    """
    records = VirtualMachinePlacement.objects.filter(vm=vm).order_by("-id").defer("hosts")
    if vm.host_id is not None:
        records = records.filter(host=vm.host_id)
    return records.first()
