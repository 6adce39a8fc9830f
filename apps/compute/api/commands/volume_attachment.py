"""Disks into machines and out of them."""

from apps.compute import events
from apps.compute.models import VirtualMachine, VolumeAttachment
from apps.compute.services.attachment import VolumeAttachmentManager
from apps.storage.api.responses.volume import VolumeResponse
from apps.storage.models import Volume
from cloudstack.api import Access, BaseAsyncCmd, Int, Ref
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


class AttachVolume(BaseAsyncCmd):
    """Puts a data disk into a machine, running or stopped."""

    response = VolumeResponse
    event_type = events.VOLUME_ATTACH

    volume = Ref("id", Volume, access=Access.OPERATE, required=True, help="the volume")
    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, required=True, help="the machine")
    device_id = Int("deviceid", help="slot, from 1 to 15 without 3; the first free one if left out")

    def execute(self) -> AsyncJob:
        return VolumeAttachmentManager().attach(
            caller=self.caller, volume=self.volume, vm=self.vm, device_id=self.device_id
        )


class DetachVolume(BaseAsyncCmd):
    """Takes a data disk out of its machine."""

    response = VolumeResponse
    event_type = events.VOLUME_DETACH

    volume = Ref("id", Volume, access=Access.OPERATE, help="the volume; or give virtualmachineid and deviceid")
    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, help="the machine")
    device_id = Int("deviceid", help="slot of the machine")

    def execute(self) -> AsyncJob:
        attachments = VolumeAttachment.objects.select_related("vm", "volume__account")
        if self.volume is not None:
            attachment = attachments.filter(volume=self.volume).first()
            problem = f"volume {self.volume} is not attached to any machine"
        elif self.vm is not None and self.device_id is not None:
            attachment = attachments.filter(vm=self.vm, device_id=self.device_id).first()
            problem = f"machine {self.vm} has no disk in slot {self.device_id}"
        else:
            raise InvalidParameter("give id, or virtualmachineid together with deviceid", parameter="id")
        if attachment is None:
            raise InvalidParameter(problem, parameter="id" if self.volume else "deviceid")
        return VolumeAttachmentManager().detach(caller=self.caller, attachment=attachment)
