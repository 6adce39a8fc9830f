"""Disks cloned from templates. vSphere clones machines, so a machine that holds nothing else carries the disk over.

The carrier bears the volume's UUID in its name: what a crash leaves half done is found by that and finished.
"""

from collections.abc import Callable
from typing import Any

from pyVmomi import vim

from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.storage import VolumeSpec
from plugins.hypervisors.vmware import devices
from plugins.hypervisors.vmware.vcenter import VCenter

KIB = 1024


def carrier_name(uuid: str) -> str:
    return f"clone-{uuid}"


def clone(vc: VCenter, template: Any, volume: VolumeSpec, datastore: Any) -> None:
    """Begin: a full clone of the template, its disk grown to the size of the volume. :func:`finish` does the rest."""
    spec = vim.vm.CloneSpec(
        location=vim.vm.RelocateSpec(
            datastore=datastore,
            pool=vc.pool_of(vc.host),
            host=vc.host,
            diskMoveType="moveAllDiskBackingsAndDisallowSharing",
        ),
        powerOn=False,
        template=False,
    )
    vc.wait(template.CloneVM_Task(vc.machines_folder, carrier_name(volume.uuid), spec))


def finish(vc: VCenter, volume: VolumeSpec, target: str, file_in: Callable[[str], str]) -> bool:
    """Put the disk of a volume's carrier at ``target`` and forget the carrier; False when there is none.

    ``file_in`` answers the disk that lies in a folder of the datastore, or an empty text.
    """
    name = carrier_name(volume.uuid)
    carrier = vc.content.searchIndex.FindChild(vc.machines_folder, name)
    if carrier is None:
        return False
    disks = devices.of_kind(vc.one(carrier, "config.hardware.device") or (), vim.vm.device.VirtualDisk)
    path = str(disks[0].backing.fileName) if disks else file_in(name)
    if disks:
        _grow(vc, carrier, disks[0], volume.size_bytes // KIB)
        removal = [devices.change(devices.REMOVE, disk) for disk in disks]
        vc.wait(carrier.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=removal)))
    if path:
        # It leaves the folder of the carrier, which goes with the carrier.
        move = vc.content.virtualDiskManager.MoveVirtualDisk_Task(path, vc.datacenter, target, vc.datacenter, False)
        vc.wait(move)
    elif not file_in(target.partition("] ")[2].rpartition("/")[0]):
        vc.wait(carrier.Destroy_Task())
        raise DriverError(f"the clone of volume {volume.uuid} had no disk", retryable=True)
    vc.wait(carrier.Destroy_Task())
    return True


def _grow(vc: VCenter, carrier: Any, disk: Any, size_kib: int) -> None:
    if size_kib > (disk.capacityInKB or 0):
        disk.capacityInKB, disk.capacityInBytes = size_kib, None
        vc.wait(carrier.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[devices.change(devices.EDIT, disk)])))
