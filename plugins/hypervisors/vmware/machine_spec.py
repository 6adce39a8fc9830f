"""A whole machine in the words of vSphere: new, or as the changes that make a present one so."""

from collections.abc import Iterable
from typing import Any

from pyVmomi import vim

from cloudstack.contracts.hypervisor import VmSpec
from plugins.hypervisors.vmware import devices, guestinfo
from plugins.hypervisors.vmware.options import Options
from plugins.hypervisors.vmware.rules import split_path
from plugins.hypervisors.vmware.vcenter import VCenter

MARK = "cloudstack.machine"
"""In a machine's extra settings: this cloud made it, or took it over."""
UNLIMITED = -1


def common(spec: VmSpec, options: Options) -> dict[str, Any]:
    """What is the same for a new machine and for a present one: everything but hardware."""
    mhz = spec.cpus * spec.cpu_mhz
    extra = {MARK: spec.name, **guestinfo.variables(spec.seed, spec.nics)}
    return {
        "name": spec.name,
        "annotation": spec.display_name,
        "numCPUs": spec.cpus,
        "memoryMB": spec.memory_mib,
        "guestId": spec.details.get("guestid") or options.guest_id,
        "cpuAllocation": vim.ResourceAllocationInfo(
            reservation=0,
            limit=mhz if spec.cpu_limited and mhz else UNLIMITED,
            shares=vim.SharesInfo(level="custom", shares=max(1, min(mhz, 1_000_000))),
        ),
        "extraConfig": [vim.option.OptionValue(key=key, value=value) for key, value in extra.items()],
    }


def new_machine(vc: VCenter, spec: VmSpec, options: Options, home: str) -> Any:
    """The specification of a machine that is not there yet; ``home`` is the datastore of its own files."""
    hardware = [devices.change(devices.ADD, devices.scsi_controller(options.root_disk_controller))]
    discs = [disk for disk in spec.disks if disk.format == "iso"]
    for number, disk in enumerate(disk for disk in spec.disks if disk.format != "iso"):
        hardware.append(devices.change(devices.ADD, devices.disk(disk, devices.SCSI_KEY, -101 - number)))
    hardware.append(devices.change(devices.ADD, devices.drive((), discs[0].path if discs else "")))
    for nic in sorted(spec.nics, key=lambda one: one.device_id):
        hardware.append(devices.change(devices.ADD, devices.card(vc, nic, options, -301 - nic.device_id)))
    return vim.vm.ConfigSpec(
        **common(spec, options),
        uuid=spec.uuid,
        instanceUuid=spec.uuid,
        firmware="efi" if spec.details.get("boot_type", "").upper() == "UEFI" else "bios",
        files=vim.vm.FileInfo(vmPathName=f"[{home}] {spec.name}"),
        cpuHotAddEnabled=True,
        memoryHotAddEnabled=True,
        deviceChange=hardware,
    )


def changes(vc: VCenter, spec: VmSpec, options: Options, present: Iterable[Any]) -> Any:
    """What makes a machine with the devices ``present``, which is off, the one of ``spec``."""
    present = list(present)
    wanted_files = {disk.path for disk in spec.disks}
    hardware = []
    for device in devices.of_kind(present, vim.vm.device.VirtualDisk):
        if wanted_files.isdisjoint(devices.files_of(device)):
            hardware.append(devices.change(devices.REMOVE, device))
    gone = [one.device for one in hardware]
    staying = [device for device in present if device not in gone]
    disc = ""
    for number, disk in enumerate(spec.disks):
        if disk.format == "iso":
            disc = disk.path
        else:
            hardware += devices.new_disk(staying, disk, -101 - number)
    hardware += _drive(present, disc)
    hardware += _cards(vc, spec, options, present)
    return vim.vm.ConfigSpec(**common(spec, options), deviceChange=hardware)


def home_of(spec: VmSpec) -> str:
    """The datastore of the root disk, where the machine's own files go too; empty without a disk."""
    disks = sorted((disk for disk in spec.disks if disk.format != "iso"), key=lambda one: one.device_id)
    return split_path(disks[0].path)[0] if disks else ""


def _drive(present: list[Any], disc: str) -> list[Any]:
    drive = devices.drive_of(present)
    if drive is None:
        return [devices.change(devices.ADD, devices.drive(present, disc))]
    if devices.disc_of(present) == disc:
        return []
    drive.backing = devices.disc_backing(disc)
    drive.connectable.startConnected = bool(disc)
    return [devices.change(devices.EDIT, drive)]


def _cards(vc: VCenter, spec: VmSpec, options: Options, present: list[Any]) -> list[Any]:
    found = []
    macs = {nic.mac.lower() for nic in spec.nics}
    for device in devices.of_kind(present, vim.vm.device.VirtualEthernetCard):
        if (device.macAddress or "").lower() not in macs:
            found.append(devices.change(devices.REMOVE, device))
    for nic in sorted(spec.nics, key=lambda one: one.device_id):
        device, wanted = devices.card_with(present, nic.mac), devices.card(vc, nic, options, -301 - nic.device_id)
        if device is None:
            found.append(devices.change(devices.ADD, wanted))
        elif devices.plugged_into(device) != devices.plugged_into(wanted):
            device.backing = wanted.backing
            found.append(devices.change(devices.EDIT, device))
    return found
