"""Discs into the drives of machines and out of them."""

from apps.compute import events
from apps.compute.api.responses.virtual_machine import VirtualMachineResponse
from apps.compute.models import VirtualMachine
from apps.compute.services.drive import DriveManager
from apps.storage.models import Iso
from cloudstack.api import Access, BaseAsyncCmd, Flag, Ref, Rest
from cloudstack.framework.jobs import AsyncJob


class AttachIso(BaseAsyncCmd):
    """Puts an ISO into the CD-ROM drive of a machine, in place of what is in it."""

    response = VirtualMachineResponse
    event_type = events.ISO_ATTACH

    iso = Ref("id", Iso, required=True, help="the ISO")
    vm = Ref(
        "virtualmachineid",
        VirtualMachine,
        access=Access.OPERATE,
        select_related=["zone"],
        required=True,
        help="the machine",
    )
    forced = Flag("forced", default=False, help="accepted; a disc that is in the drive is always replaced")

    def execute(self) -> AsyncJob:
        return DriveManager().attach(caller=self.caller, iso=self.iso, vm=self.vm)


class DetachIso(BaseAsyncCmd):
    """Takes the ISO out of the CD-ROM drive of a machine."""

    response = VirtualMachineResponse
    event_type = events.ISO_DETACH
    rest = Rest("virtual-machines", action="detach-iso", detail=True, lookup="virtualmachineid")

    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, required=True, help="the machine")
    forced = Flag("forced", default=False, help="also when the guest has locked the drive")

    def execute(self) -> AsyncJob:
        return DriveManager().detach(caller=self.caller, vm=self.vm, forced=self.forced)
