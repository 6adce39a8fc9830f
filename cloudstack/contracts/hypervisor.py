"""The hypervisor driver: few verbs, each idempotent by UUID. Every optional ability is a Protocol of its own.

A driver object belongs to one host: the core makes it as ``DriverClass(host_ref)``. Drivers see
dataclasses only, never rows, and raise :mod:`cloudstack.contracts.errors`.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from cloudstack.contracts.host import HostFacts, HostLoad, HostRef
from cloudstack.contracts.storage import PoolRef


class PowerState(enum.StrEnum):
    """What the hypervisor says of a machine. ``ABSENT``: it knows no such machine."""

    ON = "on"
    OFF = "off"
    PAUSED = "paused"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class DiskLimits:
    """What a disk may do at most; 0 is unlimited. Bytes or operations per second, and for bursts their seconds."""

    read_bytes: int = 0
    read_bytes_max: int = 0
    read_bytes_max_s: int = 0
    write_bytes: int = 0
    write_bytes_max: int = 0
    write_bytes_max_s: int = 0
    read_ops: int = 0
    read_ops_max: int = 0
    read_ops_max_s: int = 0
    write_ops: int = 0
    write_ops_max: int = 0
    write_ops_max_s: int = 0
    total_ops: int = 0
    """Of reads and writes together; not with limits of either."""


@dataclass(frozen=True, kw_only=True)
class DiskSpec:
    """One disk of a machine. ``path`` is what the storage driver answered when it made the volume."""

    uuid: str
    pool_uuid: str
    pool_type: str
    path: str
    format: str = "qcow2"
    size_bytes: int = 0
    device_id: int = 0
    """Position of the disk: 0 is the root disk; 3 is kept for the CD-ROM."""
    bus: str = "virtio"
    boot: bool = False
    read_only: bool = False
    cache: str = ""
    """``writeback``, ``writethrough``; empty: as the host does it."""
    limits: DiskLimits | None = None


@dataclass(frozen=True, kw_only=True)
class NicSpec:
    """One network card. ``bridge`` is the name of the connection that the network element prepared on the host."""

    uuid: str
    mac: str
    bridge: str
    network_uuid: str
    ipv4: str = ""
    prefix: int = 0
    gateway: str = ""
    device_id: int = 0
    model: str = "virtio"
    mtu: int = 1500
    rate_mbit: int = 0
    """Most that the guest sends, and that it gets, in Mbit/s; 0 is no limit."""


@dataclass(frozen=True, kw_only=True)
class SeedSpec:
    """What the guest reads at its first boot (NoCloud, volume label ``cidata``). User data may hold secrets."""

    instance_id: str
    hostname: str
    user_data: bytes = field(default=b"", repr=False)
    public_keys: tuple[str, ...] = ()
    password: str = field(default="", repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further facts for the guest, beside its identity: what the user data refers to as ``ds.meta_data.<name>``."""


@dataclass(frozen=True, kw_only=True)
class VmSpec:
    """A whole machine as it should run. ``cpu_mhz`` is the promised speed of one virtual CPU."""

    uuid: str
    name: str
    """Instance name on the hypervisor, such as ``i-2-7-VM``; unique in the cloud."""
    display_name: str
    cpus: int
    cpu_mhz: int
    memory_mib: int
    cpu_limited: bool = False
    """Whether ``cpu_mhz`` is also the most that each virtual CPU may take, not only what it is promised."""
    disks: tuple[DiskSpec, ...] = ()
    nics: tuple[NicSpec, ...] = ()
    seed: SeedSpec | None = None
    architecture: str = "x86_64"
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VmStatistics:
    """Counters of one machine since it started; times in nanoseconds, sizes in bytes."""

    uuid: str
    cpu_time_ns: int
    memory_used_mib: int
    net_rx_bytes: int = 0
    net_tx_bytes: int = 0
    disk_read_bytes: int = 0
    disk_write_bytes: int = 0
    disk_read_ops: int = 0
    disk_write_ops: int = 0


@runtime_checkable
class HypervisorDriver(Protocol):
    """What every hypervisor can do. All verbs are idempotent by the machine's UUID."""

    host: HostRef

    def host_facts(self) -> HostFacts:
        """Ask the host what it has; raises ``DriverUnavailable`` when it does not answer."""

    def validate(self, spec: VmSpec) -> None:
        """Raise ``InvalidSpec`` when this host could never run ``spec``; changes nothing."""

    def start(self, spec: VmSpec) -> None:
        """Define the machine and make it run; does nothing when it already runs."""

    def stop(self, uuid: str, *, force: bool = False, timeout_s: float = 120) -> None:
        """Ask the guest to power off and wait ``timeout_s``; with ``force`` cut the power at once.

        Raises ``DriverTimeout`` when the guest did not comply. A machine that is off or absent is fine.
        """

    def reboot(self, uuid: str, *, force: bool = False) -> None:
        """Restart the guest; raises ``NotFound`` when it is not running here."""

    def destroy(self, uuid: str) -> None:
        """Cut the power and forget the machine and its seed on this host; its volumes stay."""

    def power_state(self, uuid: str) -> PowerState: ...

    def power_states(self) -> Mapping[str, PowerState]:
        """All machines of ours on this host."""


@runtime_checkable
class SupportsLiveMigration(Protocol):
    def prepare_migration(self, spec: VmSpec) -> None:
        """On the target: make what the incoming machine needs (seed, checks)."""

    def migrate(self, spec: VmSpec, target: HostRef, *, timeout_s: float = 300) -> None:
        """On the source: move the running machine to ``target``; on failure it still runs on the source.

        Fine when the machine already runs on the target and no longer here.
        """


@runtime_checkable
class SupportsRelocation(Protocol):
    def relocate_disks(self, uuid: str, disks: Mapping[str, PoolRef], *, timeout_s: float = 3600) -> Mapping[str, str]:
        """Move disks of a machine, running or not, each (by its present path) to another pool.

        Answers where each lies afterwards. ``InvalidSpec`` when snapshots keep them or the host has no such pool.
        """


@runtime_checkable
class SupportsMaintenance(Protocol):
    """Hosts that are told of their maintenance themselves. Both verbs are fine when it is so already."""

    def enter_maintenance(self, *, timeout_s: float = 600) -> None:
        """No machine may run on the host when it is called: ``DriverError`` names those that do, also others' own."""

    def exit_maintenance(self, *, timeout_s: float = 600) -> None: ...


@runtime_checkable
class SupportsDiskHotplug(Protocol):
    def attach_disk(self, uuid: str, disk: DiskSpec) -> None: ...

    def detach_disk(self, uuid: str, disk: DiskSpec) -> None: ...

    def resize_disk(self, uuid: str, disk: DiskSpec) -> None:
        """Tell the running guest that ``disk`` now has ``disk.size_bytes``."""


@runtime_checkable
class SupportsDiscs(Protocol):
    """A CD-ROM drive whose disc changes while the machine runs. A machine that is off is none of its business."""

    def insert_disc(self, uuid: str, disc: DiskSpec) -> None:
        """Put ``disc`` (format ``iso``) into the drive, in place of another; ``NotFound`` without the machine."""

    def eject_disc(self, uuid: str, *, force: bool = False) -> None:
        """Empty the drive. An empty one, or an absent machine, is fine.

        A guest that has locked the drive keeps its disc, which is a ``DriverError``, unless ``force`` is given.
        """

    def disc_in_drive(self, uuid: str) -> str:
        """UUID of the disc that the machine has now, or an empty text; ``NotFound`` without the machine."""


@runtime_checkable
class SupportsNicHotplug(Protocol):
    def attach_nic(self, uuid: str, nic: NicSpec) -> None: ...

    def detach_nic(self, uuid: str, nic: NicSpec) -> None: ...


@runtime_checkable
class SupportsStatistics(Protocol):
    def statistics(self) -> Mapping[str, VmStatistics]: ...


@runtime_checkable
class SupportsRecentUse(Protocol):
    """For hypervisors that keep no counters, but figures of short stretches of time."""

    def recent_use(self, seconds: float) -> Mapping[str, VmStatistics]:
        """What each running machine used within the last ``seconds`` (or as long as is known of): no counters."""


@runtime_checkable
class SupportsHostLoad(Protocol):
    def host_load(self) -> HostLoad:
        """How busy the host is; for hypervisors whose hosts have no agent that tells it."""


@runtime_checkable
class SupportsManyHosts(Protocol):
    """Hypervisors that tell of many hosts at once: rounds over thousands of hosts then take a few questions.

    Asked is the driver of any one of ``hosts``, which are of its hypervisor, from whatever clusters. Answers are by
    the UUID of the host, as it would have answered by itself. A host that is left out is asked by itself then, and so
    are all of them when this raises a ``DriverError``.
    """

    def facts_of_hosts(self, hosts: Sequence[HostRef]) -> Mapping[str, HostFacts]: ...

    def loads_of_hosts(self, hosts: Sequence[HostRef]) -> Mapping[str, HostLoad]: ...

    def power_states_of_hosts(self, hosts: Sequence[HostRef]) -> Mapping[str, Mapping[str, PowerState]]: ...

    def statistics_of_hosts(self, hosts: Sequence[HostRef]) -> Mapping[str, Mapping[str, VmStatistics]]: ...


@runtime_checkable
class SupportsPowerEvents(Protocol):
    def watch_power(self, report: Callable[[str, str, PowerState], None], stop: Callable[[], bool]) -> None:
        """Block and call ``report(host_uuid, vm_uuid, state)`` at each change until ``stop()`` is true.

        Raises ``DriverUnavailable`` when the connection is lost; the caller tries again.
        """
