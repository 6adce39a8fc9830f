"""Disks and network cards of simulated machines: what must be there before, what is plugged in."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Q

from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, PowerState, VmSpec
from cloudstack.plugin.drivers import DriverError, InvalidSpec, NotFound
from plugins.hypervisors.simulator.models import SimulatedBridge, SimulatedVolume


def disk_facts(disk: DiskSpec) -> dict[str, Any]:
    facts = {"pool": disk.pool_uuid, "path": disk.path, "device": disk.device_id, "size_bytes": disk.size_bytes}
    limits = {name: value for name, value in asdict(disk.limits).items() if value} if disk.limits else {}
    return {**facts, **({"limits": limits} if limits else {}), **({"disc": True} if disk.format == "iso" else {})}


def nic_facts(nic: NicSpec) -> dict[str, Any]:
    return {
        "mac": nic.mac,
        "bridge": nic.bridge,
        "network": nic.network_uuid,
        "ipv4": nic.ipv4,
        "rate_mbit": nic.rate_mbit,
    }


def check_reachable(host: HostRef, spec: VmSpec) -> None:
    """Raise ``InvalidSpec`` when a disk does not exist or a card's bridge is not on the host."""
    check_disks(spec.disks)
    check_bridges(host, spec)


def check_disks(disks: Iterable[DiskSpec]) -> None:
    """Every disk must have been made by the storage driver of its pool."""
    wanted = {(disk.pool_uuid, disk.path) for disk in disks}
    if not wanted:
        return
    either = Q()
    for pool_uuid, path in wanted:
        either |= Q(pool_uuid=pool_uuid, path=path)
    found = {
        (str(pool), path) for pool, path in SimulatedVolume.objects.filter(either).values_list("pool_uuid", "path")
    }
    missing = sorted(path for pool, path in wanted - found)
    if missing:
        raise InvalidSpec(f"no such volume: {', '.join(missing)}")


def check_bridges(host: HostRef, spec: VmSpec) -> None:
    """Every card's bridge must have been made by the host's agent."""
    wanted = {nic.bridge for nic in spec.nics}
    if not wanted:
        return
    found = SimulatedBridge.objects.filter(host_uuid=host.uuid, name__in=wanted).values_list("name", flat=True)
    missing = sorted(wanted - set(found))
    if missing:
        raise InvalidSpec(f"{spec.name}: host {host.name} has no bridge {', '.join(map(repr, missing))}")


def plug(machines: Any, kind: str, uuid: str, facts: dict[str, Any], name: str) -> None:
    """Add a device to a defined machine. Raises ``NotFound`` without one, ``DriverError`` for a place in use."""
    with transaction.atomic():
        vm = machines.select_for_update().first()
        if vm is None:
            raise NotFound(f"{name} is not there")
        plugged = getattr(vm, kind)
        for other, known in plugged.items():
            if kind == "disks" and other != uuid and known["device"] == facts["device"]:
                raise DriverError(f"{name} has disk {other} as device {facts['device']} already")
        if plugged.get(uuid) != facts:
            machines.update(**{kind: {**plugged, uuid: facts}})


def unplug(machines: Any, kind: str, uuid: str, known_by: str, value: str) -> None:
    """Take a device out; an absent machine or device is fine. One that somebody else plugged in has another UUID."""
    with transaction.atomic():
        vm = machines.select_for_update().first()
        plugged = getattr(vm, kind) if vm is not None else {}
        rest = {other: facts for other, facts in plugged.items() if other != uuid and facts[known_by] != value}
        if rest != plugged:
            machines.update(**{kind: rest})


def change_disc(machines: Any, disc: DiskSpec | None) -> bool:
    """Have ``disc`` in the drive and no other; False without a machine."""
    with transaction.atomic():
        vm = machines.select_for_update().first()
        if vm is None:
            return False
        disks = {uuid: facts for uuid, facts in vm.disks.items() if not facts.get("disc")}
        if disc is not None:
            disks[disc.uuid] = disk_facts(disc)
        if disks != vm.disks:
            machines.update(disks=disks)
        return True


def resize(machines: Any, disk: DiskSpec) -> None:
    """Tell the running guest the new size of a plugged disk."""
    with transaction.atomic():
        vm = machines.select_for_update().filter(power=PowerState.ON).first()
        if vm is None or disk.uuid not in vm.disks:
            raise NotFound(f"no running machine here has disk {disk.uuid}")
        machines.update(disks={**vm.disks, disk.uuid: {**vm.disks[disk.uuid], "size_bytes": disk.size_bytes}})
