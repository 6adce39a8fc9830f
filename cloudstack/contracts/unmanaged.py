"""Machines that somebody else made on a host, and how they come under the cloud's hands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from cloudstack.contracts.hypervisor import PowerState


@dataclass(frozen=True, kw_only=True)
class UnmanagedDisk:
    path: str
    size_bytes: int
    device_id: int
    storage: str
    """Name of the storage in the hypervisor's words."""
    format: str = ""
    """``vmdk``, ``qcow2``…; empty when the hypervisor does not tell."""
    controller: str = ""
    """Kind of the controller that it hangs on, in the hypervisor's words."""
    obstacle: str = ""
    """Why the machine cannot be taken over with this disk, and what would help, as a clause; empty when it can."""


@dataclass(frozen=True, kw_only=True)
class UnmanagedNic:
    mac: str
    network: str
    """Name of what it is plugged into, in the hypervisor's words."""
    vlan: int = 0
    ipv4: str = ""
    """As the guest tells; empty when it does not."""


@dataclass(frozen=True, kw_only=True)
class UnmanagedMachine:
    """A machine that the cloud does not look after. ``uuid`` is what it would be known by."""

    uuid: str
    name: str
    power: PowerState
    cpus: int
    memory_mib: int
    cpu_mhz: int = 0
    """The most that one CPU may take; 0 is no limit."""
    operating_system: str = ""
    disks: tuple[UnmanagedDisk, ...] = ()
    nics: tuple[UnmanagedNic, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    """Details with which ``VmSpec`` describes hardware like the present one, such as its firmware.

    A machine that is stopped is made anew at its next start: what is not told here becomes as the driver does it.
    """


@runtime_checkable
class SupportsUnmanagedMachines(Protocol):
    def unmanaged_machines(self) -> Mapping[str, UnmanagedMachine]:
        """All machines on this host that are not the cloud's, by UUID."""

    def import_machine(self, uuid: str, name: str) -> UnmanagedMachine:
        """Take it over under the instance name ``name``, running or not; ``NotFound`` when it is not here.

        From now on the driver's other verbs know it by ``uuid``. One that is the cloud's already is fine.
        """

    def release_machine(self, uuid: str) -> None:
        """Give it back to those who made it, as it is; absent is fine."""
