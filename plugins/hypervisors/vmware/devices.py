"""Disks, drives, controllers and cards of machines, in the words of vSphere."""

from collections.abc import Iterable
from typing import Any

from pyVmomi import vim

from cloudstack.contracts.errors import InvalidSpec, NotFound
from cloudstack.contracts.hypervisor import DiskLimits, DiskSpec, NicSpec
from plugins.hypervisors.vmware.options import Options
from plugins.hypervisors.vmware.rules import unit_of
from plugins.hypervisors.vmware.vcenter import VCenter

ADD, EDIT, REMOVE = "add", "edit", "remove"
SCSI_KEY = 1000
SCSI = {
    "pvscsi": vim.vm.device.ParaVirtualSCSIController,
    "lsilogic": vim.vm.device.VirtualLsiLogicController,
    "lsisas1068": vim.vm.device.VirtualLsiLogicSASController,
    "buslogic": vim.vm.device.VirtualBusLogicController,
}
CARDS = {
    "vmxnet3": vim.vm.device.VirtualVmxnet3,
    "e1000e": vim.vm.device.VirtualE1000e,
    "e1000": vim.vm.device.VirtualE1000,
}
KIB = 1024


def change(operation: str, device: Any) -> Any:
    """One change of a machine's hardware. No file is ever made or deleted by it: volumes are the storage's."""
    return vim.vm.device.VirtualDeviceSpec(operation=operation, device=device)


def of_kind(devices: Iterable[Any], kind: Any) -> list[Any]:
    return [device for device in devices if isinstance(device, kind)]


# -- disks ---------------------------------------------------------------------------------------


def scsi_controller(kind: str) -> Any:
    return SCSI[kind](key=SCSI_KEY, busNumber=0, sharedBus=vim.vm.device.VirtualSCSIController.Sharing.noSharing)


def disk(spec: DiskSpec, controller_key: int, key: int) -> Any:
    """A disk that is there already, as a device."""
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=spec.path, diskMode="persistent")
    device = vim.vm.device.VirtualDisk(
        key=key,
        controllerKey=controller_key,
        unitNumber=unit_of(spec.device_id),
        backing=backing,
        capacityInKB=spec.size_bytes // KIB,
    )
    limit = operations_limit(spec.limits)
    if limit:
        device.storageIOAllocation = vim.StorageResourceManager.IOAllocationInfo(limit=limit)
    return device


def operations_limit(limits: DiskLimits | None) -> int:
    """vSphere bounds operations of both kinds together, and nothing else; 0 is no bound."""
    if limits is None:
        return 0
    return limits.total_ops or (limits.read_ops + limits.write_ops if limits.read_ops and limits.write_ops else 0)


def files_of(device: Any) -> list[str]:
    """The file of a disk and, below snapshots, those that it stands on."""
    found, backing = [], device.backing
    while backing is not None and getattr(backing, "fileName", None):
        found.append(backing.fileName)
        backing = getattr(backing, "parent", None)
    return found


def disk_with(devices: Iterable[Any], path: str) -> Any:
    """The disk that is, or stands on, the file ``path``; None without one."""
    return next((one for one in of_kind(devices, vim.vm.device.VirtualDisk) if path in files_of(one)), None)


def new_disk(devices: Iterable[Any], spec: DiskSpec, key: int = -101) -> list[Any]:
    """The changes that add a disk to a machine that has ``devices``; none when it has it. Refuses a slot in use."""
    devices = list(devices)
    if disk_with(devices, spec.path) is not None:
        return []
    controllers = of_kind(devices, vim.vm.device.VirtualSCSIController)
    if not controllers:
        raise InvalidSpec("the machine has no SCSI controller")
    controller = min(controllers, key=lambda one: one.busNumber)
    wanted = disk(spec, controller.key, key)
    for other in of_kind(devices, vim.vm.device.VirtualDisk):
        if other.controllerKey == controller.key and other.unitNumber == wanted.unitNumber:
            raise InvalidSpec(f"device {spec.device_id} of the machine is {files_of(other)[0]} already")
    return [change(ADD, wanted)]


# -- the drive for discs -------------------------------------------------------------------------


def drive(devices: Iterable[Any], path: str, key: int = -201) -> Any:
    """A CD-ROM drive with the disc ``path``, or an empty one."""
    ide = of_kind(devices, vim.vm.device.VirtualIDEController)
    controller = max(ide, key=lambda one: one.busNumber).key if ide else 201
    return vim.vm.device.VirtualCdrom(
        key=key,
        controllerKey=controller,
        unitNumber=0,
        backing=disc_backing(path),
        connectable=vim.vm.device.VirtualDevice.ConnectInfo(
            allowGuestControl=True, startConnected=bool(path), connected=bool(path)
        ),
    )


def disc_backing(path: str) -> Any:
    if path:
        return vim.vm.device.VirtualCdrom.IsoBackingInfo(fileName=path)
    return vim.vm.device.VirtualCdrom.RemotePassthroughBackingInfo(deviceName="", exclusive=False)


def drive_of(devices: Iterable[Any]) -> Any:
    found = of_kind(devices, vim.vm.device.VirtualCdrom)
    return found[0] if found else None


def disc_of(devices: Iterable[Any]) -> str:
    """The file that is in the drive; empty without one."""
    found = drive_of(devices)
    return (getattr(found.backing, "fileName", "") or "") if found is not None else ""


# -- network cards -------------------------------------------------------------------------------


def card(vc: VCenter, spec: NicSpec, options: Options, key: int) -> Any:
    """A network card in the port group ``spec.bridge``."""
    device = CARDS[options.nic_adapter](
        key=key,
        backing=card_backing(vc, spec.bridge),
        addressType="manual",
        macAddress=spec.mac.lower(),
        wakeOnLanEnabled=True,
        connectable=vim.vm.device.VirtualDevice.ConnectInfo(
            startConnected=True, connected=True, allowGuestControl=True
        ),
    )
    if spec.rate_mbit:
        device.resourceAllocation = vim.vm.device.VirtualEthernetCard.ResourceAllocation(
            limit=spec.rate_mbit, reservation=0, share=vim.SharesInfo(level="normal", shares=50)
        )
    return device


def card_backing(vc: VCenter, port_group: str) -> Any:
    """How a card is plugged into a port group, distributed or of a host's own switch."""
    try:
        network = vc.find(f"{vc.place.datacenter}/network/{port_group}")
    except NotFound:
        raise InvalidSpec(f"datacenter {vc.place.datacenter} has no port group {port_group!r}") from None
    if not isinstance(network, vim.dvs.DistributedVirtualPortgroup):
        return vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=port_group, network=network)
    key, switch = vc.once(("dvport", network._moId), lambda: _port_of(vc, network))
    port = vim.dvs.PortConnection(portgroupKey=key, switchUuid=switch)
    return vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)


def _port_of(vc: VCenter, group: Any) -> tuple[str, str]:
    told = vc.read([group], ["key", "config.distributedVirtualSwitch"])[group]
    return told["key"], vc.one(told["config.distributedVirtualSwitch"], "uuid")


def card_with(devices: Iterable[Any], mac: str) -> Any:
    cards = of_kind(devices, vim.vm.device.VirtualEthernetCard)
    return next((one for one in cards if (one.macAddress or "").lower() == mac.lower()), None)


def plugged_into(device: Any) -> str:
    """What tells whether a card is in the right port group."""
    port = getattr(device.backing, "port", None)
    return port.portgroupKey if port is not None else getattr(device.backing, "deviceName", "")
