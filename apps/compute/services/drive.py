"""Intent on CD-ROM drives: a disc in, a disc out."""

from django.db import transaction

from apps.compute import events
from apps.compute.models import Drive, VirtualMachine
from apps.compute.states import VmState
from apps.storage.models import Iso
from apps.storage.selectors import ready_in_zone
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob, dispatch


class DriveManager:
    """A machine has one drive. A running one sees the change at once, a stopped one at its next start."""

    @transaction.atomic
    def attach(self, *, caller: Caller, iso: Iso, vm: VirtualMachine) -> AsyncJob:
        """Put ``iso`` into the drive, in place of what is there. Raises ``InvalidParameter``."""
        self._expect_steady(vm)
        if not ready_in_zone(iso, vm.zone):
            raise InvalidParameter(f"ISO {iso} is not ready for use in zone {vm.zone}", parameter="id")
        return self._dispatch("compute.drive.attach", caller, vm, iso, events.ISO_ATTACH, iso_uuid=str(iso.uuid))

    @transaction.atomic
    def detach(self, *, caller: Caller, vm: VirtualMachine, forced: bool = False) -> AsyncJob:
        """Empty the drive. Raises ``InvalidParameter`` for one that is empty."""
        self._expect_steady(vm)
        drive = Drive.objects.select_related("iso").filter(vm=vm).first()
        if drive is None:
            raise InvalidParameter(f"machine {vm} has no ISO in its drive", parameter="virtualmachineid")
        return self._dispatch("compute.drive.detach", caller, vm, drive.iso, events.ISO_DETACH, forced=forced)

    def _dispatch(
        self, name: str, caller: Caller, vm: VirtualMachine, iso: object, event_type: str, **arguments: object
    ) -> AsyncJob:
        verb = name.rpartition(".")[2]
        return dispatch(
            name,
            caller=caller,
            exclusive=[f"vm:{vm.uuid}"],
            shared=[f"template:{iso.uuid}"],  # type: ignore[attr-defined]
            resource=vm,
            arguments={"vm_uuid": str(vm.uuid), **arguments},
            description=f"{verb.capitalize()} ISO {iso} {'to' if verb == 'attach' else 'from'} {vm}",
            event_type=event_type,
        )

    def _expect_steady(self, vm: VirtualMachine) -> None:
        if vm.state not in (VmState.RUNNING, VmState.STOPPED):
            raise InvalidParameter(f"machine {vm} is {vm.state}", parameter="virtualmachineid")
