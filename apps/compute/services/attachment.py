"""Intent on disks of machines: attach and detach."""

from django.db import transaction

from apps.compute import events
from apps.compute.models import VirtualMachine, VolumeAttachment
from apps.compute.states import VmState
from apps.infrastructure.services.hypervisors import limit_of
from apps.storage.models import Volume
from apps.storage.states import VOLUME_NOT_MADE, VolumeState, VolumeType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.jobs import AsyncJob, dispatch

ROOT_SLOT = 0
CDROM_SLOT = 3
MAX_SLOTS = 16


def check_data_disks(hypervisor: str, count: int, *, parameter: str) -> None:
    """Raises ``InvalidParameter`` when that many data disks are more than the hypervisor is allowed."""
    limit = limit_of(hypervisor, "max_data_volumes")
    if limit is not None and count > limit:
        raise InvalidParameter(
            f"{parameter}: a machine on {hypervisor} may have {limit} data disks here, not {count}", parameter=parameter
        )


class VolumeAttachmentManager:
    """Data disks come and go, on running machines too."""

    @transaction.atomic
    def attach(self, *, caller: Caller, volume: Volume, vm: VirtualMachine, device_id: int | None = None) -> AsyncJob:
        """Put ``volume`` into a slot of ``vm``. Raises ``InvalidParameter`` or ``ResourceInUse``."""
        if volume.type != VolumeType.DATADISK:
            raise InvalidParameter(f"volume {volume} is a root disk; only data disks are attached", parameter="id")
        if volume.account_id != vm.account_id:
            raise InvalidParameter(f"volume {volume} and machine {vm} belong to different accounts", parameter="id")
        if volume.zone_id != vm.zone_id:
            raise InvalidParameter(f"volume {volume} is in another zone than machine {vm}", parameter="id")
        if volume.state not in (VolumeState.READY, *VOLUME_NOT_MADE):
            raise InvalidParameter(f"volume {volume} is {volume.state} and cannot be attached now", parameter="id")
        if vm.state not in (VmState.RUNNING, VmState.STOPPED):
            raise InvalidParameter(f"machine {vm} is {vm.state}", parameter="virtualmachineid")
        attachment = VolumeAttachment.objects.select_related("vm").filter(volume=volume).first()
        if attachment:
            raise ResourceInUse(f"volume {volume} is attached to machine {attachment.vm} already", parameter="id")
        check_data_disks(vm.hypervisor, vm.attachments.exclude(device_id=ROOT_SLOT).count() + 1, parameter="id")
        slot = self._slot(vm, device_id)
        return dispatch(
            "compute.volume.attach",
            caller=caller,
            exclusive=[f"vm:{vm.uuid}", f"volume:{volume.uuid}"],
            resource=volume,
            arguments={"vm_uuid": str(vm.uuid), "volume_uuid": str(volume.uuid), "device_id": slot},
            description=f"Attach {volume} to {vm}",
            event_type=events.VOLUME_ATTACH,
        )

    @transaction.atomic
    def detach(self, *, caller: Caller, attachment: VolumeAttachment) -> AsyncJob:
        """Take a data disk out of its machine."""
        vm, volume = attachment.vm, attachment.volume
        if attachment.device_id == ROOT_SLOT:
            raise InvalidParameter(f"volume {volume} is the root disk of machine {vm} and stays there", parameter="id")
        if vm.state not in (VmState.RUNNING, VmState.STOPPED, VmState.DESTROYED):
            raise InvalidParameter(f"machine {vm} is {vm.state}", parameter="virtualmachineid")
        return dispatch(
            "compute.volume.detach",
            caller=caller,
            exclusive=[f"vm:{vm.uuid}", f"volume:{volume.uuid}"],
            resource=volume,
            arguments={"vm_uuid": str(vm.uuid), "volume_uuid": str(volume.uuid)},
            description=f"Detach {volume} from {vm}",
            event_type=events.VOLUME_DETACH,
        )

    def _slot(self, vm: VirtualMachine, wanted: int | None) -> int:
        taken = set(vm.attachments.values_list("device_id", flat=True))
        if wanted is None:
            free = [slot for slot in range(1, MAX_SLOTS) if slot not in taken and slot != CDROM_SLOT]
            if not free:
                raise InvalidParameter(f"machine {vm} has no free slot for another disk", parameter="virtualmachineid")
            return free[0]
        if wanted in (ROOT_SLOT, CDROM_SLOT) or not 0 < wanted < MAX_SLOTS:
            raise InvalidParameter(
                f"deviceid must be 1 to {MAX_SLOTS - 1} without {CDROM_SLOT} (the CD-ROM), not {wanted}",
                parameter="deviceid",
            )
        if wanted in taken:
            raise ResourceInUse(f"slot {wanted} of machine {vm} is taken", parameter="deviceid")
        return wanted
