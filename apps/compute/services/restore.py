"""Intent on a machine's root disk: made anew from its template or another one."""

from django.db import transaction

from apps.accounts.services.limits import LimitManager
from apps.compute import events
from apps.compute.models import VirtualMachine, VolumeAttachment
from apps.compute.services.deployment import check_template
from apps.compute.services.settled import expect_settled, hold_and_dispatch
from apps.compute.services.sizing import MIB
from apps.compute.states import VmState
from apps.storage.models import DiskOffering, Template, Volume
from apps.storage.services.volume_sizes import GIB, size_for, within_maximum
from apps.storage.services.volume_states import amounts_of
from apps.storage.states import VolumeState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.jobs import AsyncJob


class RestoreManager:
    """Everything on the root disk is given up; data disks, cards and addresses stay."""

    @transaction.atomic
    def restore(
        self,
        *,
        caller: Caller,
        vm: VirtualMachine,
        template: Template | None = None,
        disk_offering: DiskOffering | None = None,
        root_disk_gib: int | None = None,
        expunge: bool = False,
        forced: bool = False,
    ) -> AsyncJob:
        """A machine that runs is stopped for it and started again; with ``expunge`` the old disk goes at once.

        ``forced`` cuts its power instead of asking the guest.

        Raises ``LimitExceeded`` when the new disk is larger than the owner's limits allow.
        """
        chosen = template or vm.template
        check_template(chosen, zone=vm.zone)
        if chosen.is_iso and chosen.pk != vm.template_id:
            raise InvalidParameter(f"{chosen} is an ISO; a root disk is made from a template", parameter="templateid")
        if not chosen.is_iso and chosen.hypervisor != vm.hypervisor:
            raise InvalidParameter(
                f"template {chosen} is for {chosen.hypervisor}, machine {vm} runs on {vm.hypervisor}",
                parameter="templateid",
            )
        expect_settled(
            vm, VmState.RUNNING, VmState.STOPPED, parameter="virtualmachineid", what="making its root disk anew"
        )
        old = _root(vm)
        size_bytes = _size(old, chosen, disk_offering, root_disk_gib)
        limits = LimitManager()
        # Only asked here: the job takes what the new disk counts when it gives back what the old one does.
        given, taken = amounts_of(old.size_bytes, of=old), amounts_of(size_bytes, of=disk_offering or old)
        more = {what: amount - given.get(what, 0) for what, amount in taken.items() if amount > given.get(what, 0)}
        limits.reserve(vm.account, more)
        limits.release(vm.account, more)
        return hold_and_dispatch(
            "compute.vm.restore_running" if vm.state == VmState.RUNNING else "compute.vm.restore",
            caller,
            vm,
            events.VM_RESTORE,
            f"Make the root disk of {vm} anew",
            also_exclusive=[f"volume:{old.uuid}"],
            also_shared=[f"template:{chosen.uuid}"],
            old_uuid=str(old.uuid),
            template_uuid=str(chosen.uuid),
            disk_offering_uuid=str(disk_offering.uuid) if disk_offering else "",
            size_bytes=size_bytes,
            expunge=expunge,
            forced=forced,
        )


def _root(vm: VirtualMachine) -> Volume:
    attachment = VolumeAttachment.objects.select_related("volume__disk_offering").filter(vm=vm, device_id=0).first()
    if attachment is None or attachment.volume.state not in (VolumeState.READY, VolumeState.ALLOCATED):
        raise InvalidParameter(
            f"the root disk of machine {vm} is not there, or something is done with it", parameter="virtualmachineid"
        )
    if attachment.volume.delete_protection:
        raise ResourceInUse(f"the root disk {attachment.volume} of machine {vm} is protected from deletion")
    return attachment.volume


def _size(old: Volume, template: Template, offering: DiskOffering | None, asked_gib: int | None) -> int:
    """As large as asked for, else as the offering says, else as the old disk was, and never smaller than the image."""
    least = MIB if template.is_iso else max(template.virtual_size_bytes, MIB)
    kind = offering or old.disk_offering
    if asked_gib is not None and kind is not None and kind.size_is_strict and asked_gib * GIB != old.size_bytes:
        raise InvalidParameter(f"disk offering {kind} fixes the size of the root disk", parameter="rootdisksize")
    if asked_gib is not None:
        size = within_maximum(asked_gib)
    elif offering is not None and (offering.is_custom or offering.size_gib):
        size = size_for(offering, None)
    else:
        return max(old.size_bytes, least)
    if size < least:
        raise InvalidParameter(
            f"the root disk must hold template {template}: at least {-(-least // GIB)} GiB, not {size // GIB}",
            parameter="rootdisksize",
        )
    return size
