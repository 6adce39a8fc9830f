"""Intent on the size of machines: another service offering."""

from collections.abc import Mapping

from django.db import transaction

from apps.accounts.services.limits import LimitManager
from apps.compute import events
from apps.compute.models import ServiceOffering, VirtualMachine, VolumeAttachment
from apps.compute.services.deployment import check_offering
from apps.compute.services.new_machine import SIZES
from apps.compute.services.quota import amounts_of_vm
from apps.compute.services.settled import expect_settled, hold_and_dispatch
from apps.compute.services.sizing import machine_size
from apps.compute.states import VmState
from apps.storage.states import VolumeState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob


class ScalingManager:
    """Gives stopped machines another offering. No driver resizes a running one."""

    @transaction.atomic
    def change_offering(
        self, *, caller: Caller, vm: VirtualMachine, offering: ServiceOffering, details: Mapping[str, str]
    ) -> VirtualMachine:
        """The difference is taken from the owner's limits, or given back. Raises ``LimitExceeded``."""
        self._change(vm, offering, details)
        publish(events.VM_UPGRADE, caller=caller, description=f"Resize {vm} to {offering}", resource=vm)
        return vm

    @transaction.atomic
    def scale(
        self, *, caller: Caller, vm: VirtualMachine, offering: ServiceOffering, details: Mapping[str, str]
    ) -> AsyncJob:
        """As :meth:`change_offering`, with a job that tells the end."""
        self._change(vm, offering, details)
        return hold_and_dispatch("compute.vm.scale", caller, vm, events.VM_UPGRADE, f"Resize {vm} to {offering}")

    def _change(self, vm: VirtualMachine, offering: ServiceOffering, details: Mapping[str, str]) -> None:
        strange = sorted(key for key in details if key.lower() not in SIZES)
        if strange:
            raise InvalidParameter(
                f"details takes cpuNumber, cpuSpeed and memory here, not {strange[0]}", parameter="details"
            )
        check_offering(offering, zone=vm.zone, owner=vm.account)
        expect_settled(vm, VmState.STOPPED, what="another size")
        size = machine_size(offering, details)
        same = (vm.cpus, vm.cpu_mhz, vm.memory_mib) == (size.cpus, size.cpu_mhz, size.memory_mib)
        if offering.pk == vm.service_offering_id and same:
            raise InvalidParameter(
                f"machine {vm} has service offering {offering} in this size already", parameter="serviceofferingid"
            )
        self._check_root(vm, offering)
        before = amounts_of_vm(vm)
        vm.service_offering, vm.cpus, vm.cpu_mhz, vm.memory_mib = offering, size.cpus, size.cpu_mhz, size.memory_mib
        after = amounts_of_vm(vm)
        kinds = {*before, *after}
        LimitManager().adjust(vm.account, {kind: after.get(kind, 0) - before.get(kind, 0) for kind in kinds})
        vm.save(update_fields=["service_offering", "cpus", "cpu_mhz", "memory_mib"])

    def _check_root(self, vm: VirtualMachine, offering: ServiceOffering) -> None:
        """The root disk stays as it is, so the new offering must be content with it."""
        root = VolumeAttachment.objects.select_related("volume__disk_offering").filter(vm=vm, device_id=0).first()
        if root is None:
            return
        volume, kind = root.volume, offering.disk_offering
        has = volume.disk_offering
        if kind.size_is_strict and (has is None or has.pk != kind.pk):
            raise InvalidParameter(
                f"service offering {offering} fixes the kind of the root disk as {kind}, and that of machine {vm} is "
                "another; changeOfferingForVolume gives it that kind",
                parameter="serviceofferingid",
            )
        if has is not None and has.local_storage != kind.local_storage and volume.state != VolumeState.ALLOCATED:
            raise InvalidParameter(
                f"service offering {offering} is for {'local' if kind.local_storage else 'shared'} storage, and the "
                f"root disk of machine {vm} is not on such",
                parameter="serviceofferingid",
            )
