"""Which machines, cards and attachments a caller may see or touch; and the unfiltered reads of jobs."""

from typing import Any

from django.db.models import Q, QuerySet

from apps.accounts.selectors import owned_scope
from apps.compute.models import Nic, VirtualMachine, VolumeAttachment
from apps.compute.states import VM_HOLDS_HOST
from apps.infrastructure.models import Host
from apps.network.models import IpAllocation
from apps.network.selectors import networks_for_job
from apps.network.states import IpPurpose
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def vms_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[VirtualMachine]:
    return owned_scope(VirtualMachine.objects.all(), caller=caller, access=access)


def has_key_pair(name: str) -> Q:
    """Machines that were given the SSH key of this name, alone or among others."""
    field = "key_pair_names"
    ends = {f"{field}__startswith": f"{name},"}, {f"{field}__endswith": f",{name}"}, {f"{field}__contains": f",{name},"}
    return Q(**{field: name}) | Q(**ends[0]) | Q(**ends[1]) | Q(**ends[2])


def nics_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Nic]:
    """Cards of the machines that the caller may touch."""
    vms = vms_visible_to(caller=caller, access=access)
    if caller.is_root_admin:
        return Nic.objects.filter(vm__removed__isnull=True)
    return Nic.objects.filter(vm__in=vms.values("pk"))


def secondary_ips_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[IpAllocation]:
    """Further addresses of the cards that the caller may touch."""
    nics = nics_visible_to(caller=caller, access=access)
    return IpAllocation.objects.filter(purpose=IpPurpose.SECONDARY, holder_uuid__in=nics.values("uuid"))


def vm_for_job(*, uuid: Any) -> VirtualMachine:
    """A machine with its host, cards and disks, removed ones included: a job must be able to finish.

    Some narrow statements: one that joins all of it takes longer to write than to run.
    """
    related = ("account__domain", "zone", "template", "service_offering", "guest_os", "drive__iso", "drive__pool")
    vm = VirtualMachine.all_objects.select_related(*related).get(uuid=uuid)
    if vm.host_id:
        vm.host = Host.all_objects.select_related("zone", "pod", "cluster").get(pk=vm.host_id)
    vm.live_nics = list(Nic.objects.filter(vm=vm))
    networks = networks_for_job(pks=[nic.network_id for nic in vm.live_nics])
    for nic in vm.live_nics:
        nic.network = networks[nic.network_id]
    _read_attachments(vm)
    return vm


def _read_attachments(vm: VirtualMachine) -> None:
    """Read ``vm.live_attachments``: the disks with their pools."""
    vm.live_attachments = list(
        VolumeAttachment.objects.filter(vm=vm).select_related(
            "volume__pool", "volume__disk_offering", "volume__source_image"
        )
    )
    for attachment in vm.live_attachments:
        volume = attachment.volume
        # A disk is its machine's owner's, and the root disk stands on the machine's template: both are read already.
        if volume.account_id == vm.account_id:
            volume.account = vm.account
        if volume.template_id == vm.template_id:
            volume.template = vm.template


def vms_on_host_for_job(*, host: Any) -> QuerySet[VirtualMachine]:
    """Machines that take room on ``host``."""
    return VirtualMachine.objects.filter(host=host, state__in=VM_HOLDS_HOST)
