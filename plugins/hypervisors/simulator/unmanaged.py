"""Simulated machines that somebody else made."""

from collections.abc import Mapping
from typing import Any

from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.contracts.unmanaged import UnmanagedDisk, UnmanagedMachine, UnmanagedNic
from cloudstack.plugin.drivers import NotFound
from plugins.hypervisors.simulator.models import SimulatedVm


def all_on(host: HostRef) -> Mapping[str, UnmanagedMachine]:
    rows = SimulatedVm.objects.filter(host_uuid=host.uuid, managed=False)
    return {str(vm.vm_uuid): _shown(vm) for vm in rows}


def take_over(machines: Any, name: str, what: str) -> UnmanagedMachine:
    vm = machines.first()
    if vm is None:
        raise NotFound(f"{what} is not there")
    machines.filter(managed=False).update(managed=True, name=name)
    return _shown(vm)


def _shown(vm: SimulatedVm) -> UnmanagedMachine:
    disks = sorted((disk for disk in vm.disks.values() if not disk.get("disc")), key=lambda disk: disk["device"])
    return UnmanagedMachine(
        uuid=str(vm.vm_uuid),
        name=vm.name,
        power=PowerState(vm.power),
        cpus=vm.cpus,
        memory_mib=vm.memory_mib,
        operating_system="Simulated",
        disks=tuple(
            UnmanagedDisk(
                path=disk["path"],
                size_bytes=disk["size_bytes"],
                device_id=disk["device"],
                storage=disk["pool"],
                format="qcow2",
            )
            for disk in disks
        ),
        nics=tuple(
            UnmanagedNic(mac=nic["mac"], network=nic["bridge"], ipv4=nic.get("ipv4", "")) for nic in vm.nics.values()
        ),
    )
