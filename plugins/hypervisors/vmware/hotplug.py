"""Disks, discs and cards of a machine that runs (or is off: vSphere makes no difference)."""

from typing import Any

from pyVmomi import vim

from cloudstack.contracts.errors import InvalidSpec, NotFound
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec
from plugins.hypervisors.vmware import devices, machines
from plugins.hypervisors.vmware.options import Options
from plugins.hypervisors.vmware.rules import check_disk, check_nic
from plugins.hypervisors.vmware.vcenter import VCenter

HARDWARE = "config.hardware.device"
KIB = 1024


def attach_disk(vc: VCenter, uuid: str, disk: DiskSpec) -> None:
    check_disk(disk)
    vm, told = machines.known(vc, uuid, HARDWARE)
    _apply(vc, vm, devices.new_disk(told[HARDWARE], disk))


def detach_disk(vc: VCenter, uuid: str, disk: DiskSpec) -> None:
    """An absent machine or disk is fine. The file stays."""
    vm, told = machines.found_here(vc, uuid, HARDWARE)
    device = devices.disk_with(told[HARDWARE], disk.path) if vm is not None else None
    if device is None:
        return
    if len(devices.files_of(device)) > 1:
        raise InvalidSpec(f"disk {disk.uuid} is in a snapshot of machine {uuid}: delete its snapshots first")
    _apply(vc, vm, [devices.change(devices.REMOVE, device)])


def resize_disk(vc: VCenter, uuid: str, disk: DiskSpec) -> None:
    vm, told = machines.known(vc, uuid, HARDWARE)
    device = devices.disk_with(told[HARDWARE], disk.path)
    if device is None:
        raise NotFound(f"machine {uuid} has no disk {disk.uuid}")
    wanted = disk.size_bytes // KIB
    if (device.capacityInKB or 0) >= wanted:
        return
    device.capacityInKB, device.capacityInBytes = wanted, None
    _apply(vc, vm, [devices.change(devices.EDIT, device)])


def insert_disc(vc: VCenter, uuid: str, disc: DiskSpec) -> None:
    check_disk(disc)
    vm, told = machines.known(vc, uuid, HARDWARE)
    _put(vc, vm, told[HARDWARE], disc.path)


def eject_disc(vc: VCenter, uuid: str) -> None:
    """A guest that has locked the drive makes vSphere ask a question; its answer is what vCenter's settings say."""
    vm, told = machines.found_here(vc, uuid, HARDWARE)
    if vm is not None and devices.disc_of(told[HARDWARE]):
        _put(vc, vm, told[HARDWARE], "")


def disc_in_drive(vc: VCenter, uuid: str) -> str:
    """The disc's UUID, which is its file's name."""
    _, told = machines.known(vc, uuid, HARDWARE)
    return devices.disc_of(told[HARDWARE]).rpartition("/")[2].removesuffix(".iso")


def attach_nic(vc: VCenter, uuid: str, nic: NicSpec, options: Options) -> None:
    check_nic(nic)
    vm, told = machines.known(vc, uuid, HARDWARE)
    device, wanted = devices.card_with(told[HARDWARE], nic.mac), devices.card(vc, nic, options, -301)
    if device is None:
        _apply(vc, vm, [devices.change(devices.ADD, wanted)])
    elif devices.plugged_into(device) != devices.plugged_into(wanted):
        device.backing = wanted.backing
        _apply(vc, vm, [devices.change(devices.EDIT, device)])


def detach_nic(vc: VCenter, uuid: str, nic: NicSpec) -> None:
    vm, told = machines.found_here(vc, uuid, HARDWARE)
    device = devices.card_with(told[HARDWARE], nic.mac) if vm is not None else None
    if device is not None:
        _apply(vc, vm, [devices.change(devices.REMOVE, device)])


def _put(vc: VCenter, vm: Any, hardware: Any, path: str) -> None:
    drive = devices.drive_of(hardware)
    if drive is None:
        _apply(vc, vm, [devices.change(devices.ADD, devices.drive(hardware, path))])
    elif devices.disc_of(hardware) != path:
        drive.backing = devices.disc_backing(path)
        drive.connectable = vim.vm.device.VirtualDevice.ConnectInfo(
            allowGuestControl=True, startConnected=bool(path), connected=bool(path)
        )
        _apply(vc, vm, [devices.change(devices.EDIT, drive)])


def _apply(vc: VCenter, vm: Any, hardware: list[Any]) -> None:
    if hardware:
        vc.wait(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=hardware)))
