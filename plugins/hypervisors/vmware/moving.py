"""Machines on their way to other hosts, and their disks on their way to other datastores."""

from collections.abc import Mapping
from typing import Any

from pyVmomi import vim

from cloudstack.contracts.errors import InvalidSpec, NotFound
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.storage import PoolRef
from plugins.hypervisors.vmware import devices, machines
from plugins.hypervisors.vmware.place import place_of
from plugins.hypervisors.vmware.vcenter import VCenter


def migrate(vc: VCenter, uuid: str, name: str, target: HostRef, timeout_s: float) -> None:
    """vMotion to a host of the same vCenter, of the same cluster or another; vCenter keeps the source on failure."""
    place = place_of(target.url)
    if (place.server, place.port, place.datacenter) != (vc.place.server, vc.place.port, vc.place.datacenter):
        raise InvalidSpec(f"{target.name} is not in datacenter {vc.place.datacenter} of vCenter {vc.place.server}")
    destination = vc.find(place.host_path)
    vm = vc.machine(uuid)
    told = vc.read([vm], ["runtime.host", "runtime.powerState"]).get(vm, {}) if vm is not None else {}
    if told.get("runtime.powerState") == machines.ON and told["runtime.host"] == destination:
        return
    if told.get("runtime.powerState") != machines.ON or told["runtime.host"] != vc.host:
        raise NotFound(f"{name} does not run on {vc.place.host}")
    spec = vim.vm.RelocateSpec(host=destination, pool=vc.pool_of(destination))
    vc.wait(vm.RelocateVM_Task(spec, vim.VirtualMachine.MovePriority.highPriority), timeout_s=timeout_s)


def relocate(vc: VCenter, uuid: str, disks: Mapping[str, PoolRef], timeout_s: float) -> Mapping[str, str]:
    """Move disks (by their present paths) to other datastores; answers where each of them lies afterwards."""
    vm, told = machines.known(vc, uuid, "config.hardware.device", "snapshot")
    if told.get("snapshot") is not None:
        raise InvalidSpec(f"machine {uuid} has snapshots: its disks stay where they are until those are deleted")
    hardware = told["config.hardware.device"]
    stores = {facts["name"]: one for one, facts in vc.related(vc.host, "datastore", vim.Datastore, ["name"]).items()}
    moves, keys = [], {}
    for path, pool in disks.items():
        device, name = devices.disk_with(hardware, path), pool.path.rstrip("/").rpartition("/")[2]
        if device is None:
            raise NotFound(f"machine {uuid} has no disk {path}")
        if name not in stores:
            raise InvalidSpec(f"host {vc.place.host} has no datastore {name!r}")
        keys[path] = device.key
        moves.append(vim.vm.RelocateSpec.DiskLocator(diskId=device.key, datastore=stores[name]))
    vc.wait(vm.RelocateVM_Task(vim.vm.RelocateSpec(disk=moves)), timeout_s=timeout_s)
    now: dict[int, Any] = {one.key: one for one in vc.one(vm, "config.hardware.device")}
    return {path: str(now[key].backing.fileName) for path, key in keys.items()}
