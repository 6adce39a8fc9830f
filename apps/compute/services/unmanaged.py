"""Intent on machines that the cloud did not make: taken over, and given back."""

import uuid

from django.db import IntegrityError, transaction

from apps.accounts.services.limit_rules import total_of
from apps.accounts.services.limits import LimitManager
from apps.compute import events
from apps.compute.models import Drive, VirtualMachine, VolumeAttachment
from apps.compute.services.importing import ImportPlan, ImportRequest, plan_import, refuse_disks_in_use
from apps.compute.services.new_machine import SIZES, is_name_taken, name_taken, new_cards
from apps.compute.services.quota import amounts_of_vm
from apps.compute.services.settled import expect_settled, hold_and_dispatch
from apps.compute.states import VmState
from apps.infrastructure.models import Host
from apps.storage.models import GuestOs, Volume
from apps.storage.services import allocation
from apps.storage.services.imported_template import imported_template
from apps.storage.services.volume_states import amounts_of
from apps.storage.states import VolumeState, VolumeType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.jobs import AsyncJob


class UnmanagedManager:
    """Takes machines of hypervisors over and gives them back; their guests notice nothing of it."""

    def take_over(self, *, caller: Caller, request: ImportRequest) -> AsyncJob:
        """Store the machine with its disks and cards, and the job that makes it the cloud's; none stays if that fails.

        The machine keeps its UUID. Raises ``InvalidParameter``, ``LimitExceeded``, ``InsufficientCapacity``.
        """
        plan = plan_import(request, caller=caller)
        try:
            with transaction.atomic():
                return self._take_over(caller, request, plan)
        except IntegrityError as error:
            if is_name_taken(error):
                raise name_taken(plan.name) from None
            if VirtualMachine.objects.filter(uuid=plan.machine.uuid).exists():
                raise InvalidParameter(
                    f"machine {plan.machine.name} is being taken over already", parameter="name"
                ) from None
            raise

    def _take_over(self, caller: Caller, request: ImportRequest, plan: ImportPlan) -> AsyncJob:
        free_identity(plan.machine.uuid)
        vm = self._machine(caller, request, plan)
        disks = {slot: self._disk(vm, slot, plan) for slot, *_ in plan.disks}
        volumes = list(disks.values())
        amounts = total_of(amounts_of_vm(vm), *(amounts_of(volume.size_bytes, of=volume) for volume in volumes))
        LimitManager().reserve(request.owner, amounts)
        vm.save(force_insert=True)
        Volume.objects.bulk_create(volumes)
        VolumeAttachment.objects.bulk_create(
            VolumeAttachment(volume=volume, vm=vm, device_id=slot) for slot, volume in disks.items()
        )
        for volume in volumes:
            allocation.reserve(pool=volume.pool, holder_uuid=volume.uuid, size_bytes=volume.size_bytes)
        # The pools are locked by now: of two machines that name one file, the second sees the first one's volume.
        refuse_disks_in_use(((volume.path, volume.pool) for volume in volumes), but=volumes)
        new_cards(vm, plan.nics)
        return hold_and_dispatch(
            "compute.vm.import",
            caller,
            vm,
            events.VM_IMPORT,
            f"Take over {plan.machine.name}",
            host_uuid=str(plan.host.uuid),
        )

    def _machine(self, caller: Caller, request: ImportRequest, plan: ImportPlan) -> VirtualMachine:
        template = request.template or imported_template(plan.host.hypervisor)
        known = GuestOs.objects.filter(name=plan.machine.operating_system).order_by("pk").first()
        asked = {key: value for key, value in request.details.items() if key.lower() not in SIZES}
        return VirtualMachine(
            uuid=uuid.UUID(plan.machine.uuid),
            account=request.owner,
            domain_id=request.owner.domain_id,
            name=plan.name,
            display_name=request.display_name or plan.machine.name,
            zone=plan.host.zone,
            last_host=plan.host,
            hypervisor=plan.host.hypervisor,
            service_offering=request.service_offering,
            template=template,
            guest_os=known or template.guest_os,
            user_id=caller.user_id or None,
            cpus=plan.size.cpus,
            cpu_mhz=plan.size.cpu_mhz,
            memory_mib=plan.size.memory_mib,
            ha_enabled=request.service_offering.offer_ha,
            details={**plan.machine.details, **asked},
        )

    def _disk(self, vm: VirtualMachine, slot: int, plan: ImportPlan) -> Volume:
        """Its room on the pool is taken already; ``path`` is where it lies."""
        _, disk, pool, offering = next(one for one in plan.disks if one[0] == slot)
        is_root = slot == 0
        return Volume(
            name=f"ROOT-{vm.uuid}" if is_root else f"DATA-{vm.uuid}-{slot}",
            type=VolumeType.ROOT if is_root else VolumeType.DATADISK,
            size_bytes=disk.size_bytes,
            pool=pool,
            path=disk.path,
            **({"format": disk.format} if disk.format else {}),
            template=vm.template if is_root else None,
            disk_offering=offering,
            min_iops=offering.min_iops if offering else None,
            max_iops=offering.max_iops if offering else None,
            account=vm.account,
            domain_id=vm.domain_id,
            zone=vm.zone,
        )

    @transaction.atomic
    def give_back(
        self, *, caller: Caller, vm: VirtualMachine, host: Host | None = None, forced: bool = False
    ) -> AsyncJob:
        """Leave a running machine, as it is, to those who look after its hypervisor; the cloud forgets it.

        ``forced``: although there is a disc in its drive. A stopped machine is on no host, so there is nothing to give.
        """
        if not caller.is_root_admin:
            raise PermissionDenied("only root admins give machines back")
        expect_settled(vm, VmState.RUNNING, what="giving it back")
        if host is not None and host.pk != vm.host_id:
            raise InvalidParameter(
                f"machine {vm} runs on another host than {host}; leave hostid out", parameter="hostid"
            )
        if vm.delete_protection:
            raise ResourceInUse(f"machine {vm} is protected from deletion; update deleteprotection first")
        if Drive.objects.filter(vm=vm).exists() and not forced:
            raise InvalidParameter(
                f"there is a disc in the drive of machine {vm}: detach it, or give forced=true", parameter="forced"
            )
        volumes = list(Volume.objects.filter(attachment__vm=vm).order_by("pk"))
        for volume in volumes:
            if volume.state != VolumeState.READY:
                raise ResourceInUse(f"volume {volume} of machine {vm} is {volume.state}; try again when it is Ready")
            if volume.delete_protection:
                raise ResourceInUse(f"volume {volume} is protected from deletion; update deleteprotection first")
        return hold_and_dispatch("compute.vm.unmanage", caller, vm, events.VM_UNMANAGE, f"Give {vm} back")


def free_identity(vm_uuid: str) -> None:
    """Let a machine that the cloud had before come back under its UUID: the row that remembers it gets another one."""
    for pk in VirtualMachine.all_objects.filter(uuid=vm_uuid, removed__isnull=False).values_list("pk", flat=True):
        VirtualMachine.all_objects.filter(pk=pk).update(uuid=uuid.uuid4())
