"""Machines that somebody else made: told with their hardware, and taken over by a mark in their settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from pyVmomi import vim

from cloudstack.contracts.unmanaged import UnmanagedDisk, UnmanagedMachine, UnmanagedNic
from plugins.hypervisors.vmware import devices, machines
from plugins.hypervisors.vmware.machine_spec import MARK
from plugins.hypervisors.vmware.rules import split_path
from plugins.hypervisors.vmware.vcenter import VCenter

KIB = 1024
PATHS = [
    *machines.STATES, "name", "config.hardware", "config.extraConfig", "config.guestFullName",
    "config.cpuAllocation.limit", "config.firmware", "config.guestId", "guest.net", "snapshot",
]  # fmt: skip


def all_of(vc: VCenter) -> Mapping[str, UnmanagedMachine]:
    found = vc.related(vc.host, "vm", vim.VirtualMachine, PATHS).values()
    shown = [_shown(vc, told) for told in found if machines.state_in(told) and not is_ours(told)]
    return {one.uuid: one for one in shown}


def take_over(vc: VCenter, uuid: str, name: str) -> UnmanagedMachine:
    """Only the mark is written: name, hardware and power stay as they are until the machine is started anew."""
    vm, told = machines.known(vc, uuid, *PATHS)
    if not is_ours(told):
        _mark(vc, vm, name)
    return _shown(vc, told)


def give_back(vc: VCenter, uuid: str) -> None:
    vm, told = machines.found_here(vc, uuid, "config.extraConfig")
    if vm is not None and is_ours(told):
        _mark(vc, vm, "")


def is_ours(told: Mapping[str, Any]) -> bool:
    marks = [option.value for option in told.get("config.extraConfig") or () if option.key == MARK]
    return bool(marks and marks[-1])  # some vCenters keep what was written before


def _mark(vc: VCenter, vm: Any, name: str) -> None:
    option = vim.option.OptionValue(key=MARK, value=name)
    vc.wait(vm.ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=[option])))


def _shown(vc: VCenter, told: Mapping[str, Any]) -> UnmanagedMachine:
    hardware = told["config.hardware"]
    limit = told.get("config.cpuAllocation.limit") or 0
    addresses = {
        (net.macAddress or "").lower(): next((ip for ip in net.ipAddress or () if ":" not in ip), "")
        for net in told.get("guest.net") or ()
    }
    return UnmanagedMachine(
        uuid=told["config.instanceUuid"],
        name=told["name"],
        power=machines.POWER[told["runtime.powerState"]],
        cpus=hardware.numCPU,
        memory_mib=hardware.memoryMB,
        cpu_mhz=limit // hardware.numCPU if limit > 0 else 0,
        operating_system=told.get("config.guestFullName") or "",
        disks=tuple(
            _disk(one, hardware.device, told.get("snapshot") is not None)
            for one in devices.of_kind(hardware.device, vim.vm.device.VirtualDisk)
        ),
        nics=tuple(
            _nic(vc, one, addresses) for one in devices.of_kind(hardware.device, vim.vm.device.VirtualEthernetCard)
        ),
        details=_details(told),
    )


def _details(told: Mapping[str, Any]) -> dict[str, str]:
    """What a machine is made of when it is made anew at a start: firmware, system, kinds of controller and card."""
    hardware = told["config.hardware"].device
    found = {
        "boot_type": "UEFI" if told.get("config.firmware") == "efi" else "BIOS",
        "guestid": told.get("config.guestId") or "",
        "rootDiskController": _kind(hardware, devices.SCSI),
        "nicAdapter": _kind(hardware, devices.CARDS),
    }
    return {name: value for name, value in found.items() if value}


def _kind(hardware: Any, kinds: Mapping[str, Any]) -> str:
    """The name of the first device's kind that the driver knows; empty without one."""
    names = (name for device in hardware for name, kind in kinds.items() if type(device) is kind)
    return next(names, "")


def _disk(device: Any, hardware: Any, has_snapshot: bool) -> UnmanagedDisk:
    files = devices.files_of(device)
    path = files[-1]
    unit = device.unitNumber or 0
    return UnmanagedDisk(
        path=path,
        size_bytes=(device.capacityInKB or 0) * KIB,
        device_id=unit if unit < 7 else unit - 1,
        storage=split_path(path)[0],
        format="vmdk",
        controller=_controller(device, hardware),
        obstacle=_obstacle(files, has_snapshot),
    )


def _obstacle(files: Sequence[str], has_snapshot: bool) -> str:
    """Volumes are the lowest files of disks. That of a linked clone is another machine's, or a template's."""
    if len(files) == 1:
        return ""
    if not has_snapshot:
        return (
            "stands on another file although its machine has no snapshot: it is a linked clone (clone it in full), "
            "or its disks wait for consolidation"
        )
    # vSphere lays what a snapshot makes beside the disk that it is of.
    if files[0].rpartition("/")[0] != files[-1].rpartition("/")[0]:
        return "stands on a file in the folder of another machine, as linked clones do: clone its machine in full"
    return ""


def _controller(disk: Any, hardware: Any) -> str:
    """``pvscsi``, or what vSphere calls the kind of the controller."""
    for device in hardware:
        if device.key == disk.controllerKey:
            kinds = (name for name, kind in devices.SCSI.items() if type(device) is kind)
            return next(kinds, type(device).__name__.removeprefix("vim.vm.device."))
    return ""


def _nic(vc: VCenter, device: Any, addresses: Mapping[str, str]) -> UnmanagedNic:
    mac, key = (device.macAddress or "").lower(), devices.plugged_into(device)
    name, vlan = vc.once(("groups", key), lambda: _group(vc, key))
    return UnmanagedNic(mac=mac, network=name, vlan=vlan, ipv4=addresses.get(mac, ""))


def _group(vc: VCenter, key: str) -> tuple[str, int]:
    """Name and VLAN of a distributed port group; a host's own port group is known by its name alone."""
    from plugins.hypervisors.vmware.networks import vlan_of

    groups = vc.read_all(
        vc.datacenter, vim.dvs.DistributedVirtualPortgroup, ["key", "name", "config.defaultPortConfig"]
    )
    for told in groups.values():
        if told.get("key") == key:
            return told["name"], vlan_of(told.get("config.defaultPortConfig"))
    return key, 0
