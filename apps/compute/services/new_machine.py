"""The rows of a new machine: itself, its disks, its cards. Called in the transaction of its deployment."""

import uuid
from collections.abc import Iterator, Sequence

from django.db import IntegrityError

from apps.compute.models import Nic, VirtualMachine
from apps.compute.services.attachment import CDROM_SLOT, MAX_SLOTS
from apps.compute.services.deployment import DataDisk, DeployRequest, NicRequest, default_name
from apps.compute.services.instance_group import group_named
from apps.compute.services.lease_rules import check_lease, lease_columns
from apps.compute.services.passwords import password_for
from apps.compute.services.sizing import machine_size, root_disk_bytes
from apps.compute.services.user_data import chosen_user_data
from apps.network.services.addresses import reserve_nic
from apps.storage.models import Volume
from apps.storage.services.volume_sizes import size_for
from apps.storage.states import VolumeType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter

SIZES = frozenset({"cpunumber", "cpuspeed", "memory"})
"""Details that say how large a machine of a custom offering is; they become columns."""


def new_machine(caller: Caller, request: DeployRequest) -> VirtualMachine:
    """The unsaved row."""
    size = machine_size(request.service_offering, request.details)
    vm_uuid = request.vm_uuid or uuid.uuid4()
    name = request.name or default_name(vm_uuid)
    choice = chosen_user_data(
        template=request.template,
        owner=request.owner,
        text=request.user_data,
        source=request.user_data_source,
        details=request.user_data_details,
    )
    check_lease(request.lease_days, request.lease_action)
    return VirtualMachine(
        uuid=vm_uuid,
        **lease_columns(request.lease_days, request.lease_action, request.service_offering),
        account=request.owner,
        domain_id=request.owner.domain_id,
        name=name,
        display_name=request.display_name or name,
        zone=request.zone,
        hypervisor=request.runs_on,
        service_offering=request.service_offering,
        template=request.template,
        guest_os=request.template.guest_os,
        user_id=caller.user_id or None,
        group=group_named(owner=request.owner, name=request.group) if request.group else None,
        cpus=size.cpus,
        cpu_mhz=size.cpu_mhz,
        memory_mib=size.memory_mib,
        **choice.columns(),
        password=password_for(request.template, request.password),
        public_keys=[key.public_key for key in request.key_pairs],
        key_pair_names=",".join(key.name for key in request.key_pairs),
        ha_enabled=request.ha_enabled or request.service_offering.offer_ha,
        is_displayed=request.displayed,
        dynamically_scalable=request.dynamically_scalable,
        details={key: value for key, value in request.details.items() if key.lower() not in SIZES},
    )


def new_disks(vm: VirtualMachine, request: DeployRequest) -> dict[int, Volume]:
    """Slot → unsaved volume: the root disk in slot 0, data disks where they are wanted or in the next free slot."""
    kind = request.root_offering or request.service_offering.disk_offering
    root = Volume(
        name=f"ROOT-{vm.uuid}",
        type=VolumeType.ROOT,
        size_bytes=root_disk_bytes(
            request.service_offering, request.template, request.root_disk_gib, disk_offering=request.root_offering
        ),
        template=None if request.template.is_iso else request.template,
        disk_offering=kind,
        min_iops=kind.min_iops,
        max_iops=kind.max_iops,
        account=request.owner,
        domain_id=request.owner.domain_id,
        zone=request.zone,
    )
    disks = {0: root}
    for number, (slot, wanted) in enumerate(_slots(request.data_disks)):
        disks[slot] = Volume(
            name=f"DATA-{vm.uuid}" + (f"-{number}" if number else ""),
            type=VolumeType.DATADISK,
            size_bytes=size_for(wanted.offering, wanted.size_gib),
            disk_offering=wanted.offering,
            provisioning=wanted.offering.provisioning,
            min_iops=wanted.offering.min_iops,
            max_iops=wanted.offering.max_iops,
            account=request.owner,
            domain_id=request.owner.domain_id,
            zone=request.zone,
        )
    return disks


def _slots(wanted: Sequence[DataDisk]) -> Iterator[tuple[int, DataDisk]]:
    """Raises ``InvalidParameter`` for a slot that is none, or that two disks want."""
    possible = [slot for slot in range(1, MAX_SLOTS) if slot != CDROM_SLOT]
    named = [disk.slot for disk in wanted if disk.slot is not None]
    for slot in named:
        if slot not in possible or named.count(slot) > 1:
            raise InvalidParameter(
                f"deviceid must be 1 to {MAX_SLOTS - 1} without {CDROM_SLOT}, each once; not {slot}",
                parameter="datadisksdetails",
            )
    free = iter([slot for slot in possible if slot not in named])
    if len(wanted) > len(possible):
        raise InvalidParameter(f"a machine has at most {len(possible)} data disks", parameter="datadisksdetails")
    for disk in wanted:
        yield (disk.slot if disk.slot is not None else next(free)), disk


def new_cards(vm: VirtualMachine, nics: Sequence[NicRequest]) -> None:
    """Give ``vm`` cards with addresses, the first one the default."""
    for slot, wanted in enumerate(nics):
        nic = Nic(vm=vm, network=wanted.network, device_id=slot, hostname=vm.name, is_default=slot == 0)
        address = reserve_nic(
            network=wanted.network, nic_uuid=nic.uuid, requested_ip=wanted.ipv4, requested_mac=wanted.mac
        )
        nic.mac, nic.ipv4 = address.mac, address.ipv4
        nic.save(force_insert=True)


def is_name_taken(error: IntegrityError) -> bool:
    """Whether the database refused a card because its network has a machine of that name."""
    return "host_name_once_per_network" in str(error) or "compute_nic.hostname" in str(error)


def name_taken(name: str) -> InvalidParameter:
    return InvalidParameter(f"a machine in one of the networks is called {name!r} already", parameter="name")
