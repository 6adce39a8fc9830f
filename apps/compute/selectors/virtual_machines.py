"""Which machines, cards and attachments a caller may see or touch; and the unfiltered reads of jobs."""

from typing import Any

from django.db.models import Prefetch, QuerySet

from apps.accounts.selectors import owned_scope
from apps.compute.models import Nic, VirtualMachine, VolumeAttachment
from apps.compute.states import VM_HOLDS_HOST
from cloudstack.api import Access
from cloudstack.framework.context import Caller

HOST_NAMES = ("host__zone", "host__pod", "host__cluster")


def vms_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[VirtualMachine]:
    return owned_scope(VirtualMachine.objects.all(), caller=caller, access=access)


def nics_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Nic]:
    """Cards of the machines that the caller may touch."""
    vms = vms_visible_to(caller=caller, access=access)
    if caller.is_root_admin:
        return Nic.objects.filter(vm__removed__isnull=True)
    return Nic.objects.filter(vm__in=vms.values("pk"))


def vm_for_job(*, uuid: Any) -> VirtualMachine:
    """A machine with all that drivers need to know of it, removed ones included: a job must be able to finish."""
    return (
        VirtualMachine.all_objects.select_related(
            "account", "domain", "zone", "template", "service_offering", *HOST_NAMES
        )
        .prefetch_related(
            Prefetch("nics", queryset=Nic.objects.select_related("network"), to_attr="live_nics"),
            Prefetch(
                "attachments",
                queryset=VolumeAttachment.objects.select_related("volume__pool", "volume__template"),
                to_attr="live_attachments",
            ),
        )
        .get(uuid=uuid)
    )


def vms_on_host_for_job(*, host: Any) -> QuerySet[VirtualMachine]:
    """Machines that take room on ``host``."""
    return VirtualMachine.objects.filter(host=host, state__in=VM_HOLDS_HOST)
