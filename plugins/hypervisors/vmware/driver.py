"""The hypervisor driver for hosts of vSphere, each of them reached through its vCenter."""

from collections.abc import Callable, Mapping, Sequence

from cloudstack.contracts.console import ConsoleTicket
from cloudstack.contracts.errors import InvalidSpec
from cloudstack.contracts.host import HostFacts, HostLoad, HostRef
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, PowerState, VmSpec, VmStatistics
from cloudstack.contracts.snapshots import MachineSnapshot
from cloudstack.contracts.storage import PoolRef
from cloudstack.contracts.unmanaged import UnmanagedMachine
from plugins.hypervisors.vmware import (
    console,
    hosts,
    hotplug,
    machines,
    moving,
    power_watch,
    snapshots,
    statistics,
    unmanaged,
)
from plugins.hypervisors.vmware.options import Options
from plugins.hypervisors.vmware.rules import check_machine
from plugins.hypervisors.vmware.vcenter import vcenter


class VmwareDriver:
    """Machines of one host. The name and UUID of a machine in vCenter are those that the portal knows it by."""

    def __init__(self, host: HostRef):
        self.host = host

    @property
    def options(self) -> Options:
        return Options.from_details(self.host.details)

    # -- what every hypervisor can do ------------------------------------------------------------

    def host_facts(self) -> HostFacts:
        with vcenter(self.host, "read the host's facts") as vc:
            return hosts.facts(vc)

    def validate(self, spec: VmSpec) -> None:
        check_machine(spec)
        facts = self.host_facts()
        for asked, there, what in (
            (spec.cpus, facts.cpus, "CPUs"),
            (spec.memory_mib, facts.memory_mib, "MiB of memory"),
        ):
            if asked > there:
                raise InvalidSpec(f"{spec.name} asks for {asked} {what}; {self.host.name} has {there}")

    def start(self, spec: VmSpec) -> None:
        check_machine(spec)
        with vcenter(self.host, f"start {spec.name}") as vc:
            machines.start(vc, spec, self.options)

    def stop(self, uuid: str, *, force: bool = False, timeout_s: float = 120) -> None:
        with vcenter(self.host, f"stop machine {uuid}") as vc:
            machines.stop(vc, uuid, force=force, timeout_s=timeout_s)

    def reboot(self, uuid: str, *, force: bool = False) -> None:
        with vcenter(self.host, f"reboot machine {uuid}") as vc:
            machines.reboot(vc, uuid, force=force)

    def destroy(self, uuid: str) -> None:
        with vcenter(self.host, f"destroy machine {uuid}") as vc:
            machines.destroy(vc, uuid)

    def power_state(self, uuid: str) -> PowerState:
        with vcenter(self.host, f"read the power of machine {uuid}") as vc:
            return machines.power_of(vc, uuid)

    def power_states(self) -> Mapping[str, PowerState]:
        with vcenter(self.host, "read the power of all machines") as vc:
            return machines.power_states(vc)

    def watch_power(self, report: Callable[[str, str, PowerState], None], stop: Callable[[], bool]) -> None:
        power_watch.watch(self.host, report, stop)

    # -- moving ----------------------------------------------------------------------------------

    def prepare_migration(self, spec: VmSpec) -> None:
        check_machine(spec)
        self.host_facts()

    def migrate(self, spec: VmSpec, target: HostRef, *, timeout_s: float = 300) -> None:
        check_machine(spec)
        with vcenter(self.host, f"migrate {spec.name} to {target.name}") as vc:
            moving.migrate(vc, spec.uuid, spec.name, target, timeout_s)

    def relocate_disks(self, uuid: str, disks: Mapping[str, PoolRef], *, timeout_s: float = 3600) -> Mapping[str, str]:
        with vcenter(self.host, f"relocate disks of machine {uuid}") as vc:
            return moving.relocate(vc, uuid, disks, timeout_s)

    def enter_maintenance(self, *, timeout_s: float = 600) -> None:
        with vcenter(self.host, "enter maintenance") as vc:
            hosts.maintain(vc, wanted=True, timeout_s=timeout_s)

    def exit_maintenance(self, *, timeout_s: float = 600) -> None:
        with vcenter(self.host, "leave maintenance") as vc:
            hosts.maintain(vc, wanted=False, timeout_s=timeout_s)

    # -- devices of a running machine ------------------------------------------------------------

    def attach_disk(self, uuid: str, disk: DiskSpec) -> None:
        with vcenter(self.host, f"attach disk {disk.uuid} to machine {uuid}") as vc:
            hotplug.attach_disk(vc, uuid, disk)

    def detach_disk(self, uuid: str, disk: DiskSpec) -> None:
        with vcenter(self.host, f"detach disk {disk.uuid} from machine {uuid}") as vc:
            hotplug.detach_disk(vc, uuid, disk)

    def resize_disk(self, uuid: str, disk: DiskSpec) -> None:
        with vcenter(self.host, f"resize disk {disk.uuid} of machine {uuid}") as vc:
            hotplug.resize_disk(vc, uuid, disk)

    def insert_disc(self, uuid: str, disc: DiskSpec) -> None:
        with vcenter(self.host, f"insert disc {disc.uuid} into machine {uuid}") as vc:
            hotplug.insert_disc(vc, uuid, disc)

    def eject_disc(self, uuid: str, *, force: bool = False) -> None:
        with vcenter(self.host, f"eject the disc of machine {uuid}") as vc:
            hotplug.eject_disc(vc, uuid)

    def disc_in_drive(self, uuid: str) -> str:
        with vcenter(self.host, f"look into the drive of machine {uuid}") as vc:
            return hotplug.disc_in_drive(vc, uuid)

    def attach_nic(self, uuid: str, nic: NicSpec) -> None:
        with vcenter(self.host, f"attach network card {nic.mac} to machine {uuid}") as vc:
            hotplug.attach_nic(vc, uuid, nic, self.options)

    def detach_nic(self, uuid: str, nic: NicSpec) -> None:
        with vcenter(self.host, f"detach network card {nic.mac} from machine {uuid}") as vc:
            hotplug.detach_nic(vc, uuid, nic)

    # -- snapshots -------------------------------------------------------------------------------

    def take_snapshot(
        self, uuid: str, snapshot_uuid: str, *, description: str = "", memory: bool = False, quiesce: bool = False
    ) -> None:
        with vcenter(self.host, f"take a snapshot of machine {uuid}") as vc:
            snapshots.take(vc, uuid, snapshot_uuid, description=description, memory=memory, quiesce=quiesce)

    def revert_to_snapshot(self, uuid: str, snapshot_uuid: str) -> None:
        with vcenter(self.host, f"revert machine {uuid} to snapshot {snapshot_uuid}") as vc:
            snapshots.revert(vc, uuid, snapshot_uuid)

    def delete_snapshot(self, uuid: str, snapshot_uuid: str) -> None:
        with vcenter(self.host, f"delete snapshot {snapshot_uuid} of machine {uuid}") as vc:
            snapshots.delete(vc, uuid, snapshot_uuid)

    def snapshots(self, uuid: str) -> Sequence[MachineSnapshot]:
        with vcenter(self.host, f"list the snapshots of machine {uuid}") as vc:
            return snapshots.all_of(vc, uuid)

    # -- what it tells ---------------------------------------------------------------------------

    def host_load(self) -> HostLoad:
        with vcenter(self.host, "read how busy the host is") as vc:
            return hosts.load(vc)

    def recent_use(self, seconds: float) -> Mapping[str, VmStatistics]:
        with vcenter(self.host, "read statistics") as vc:
            return statistics.recent(vc, seconds)

    def console_ticket(self, uuid: str) -> ConsoleTicket:
        with vcenter(self.host, f"open the console of machine {uuid}") as vc:
            return console.ticket(vc, uuid)

    # -- machines of others ----------------------------------------------------------------------

    def unmanaged_machines(self) -> Mapping[str, UnmanagedMachine]:
        with vcenter(self.host, "list machines of others") as vc:
            return unmanaged.all_of(vc)

    def import_machine(self, uuid: str, name: str) -> UnmanagedMachine:
        with vcenter(self.host, f"take machine {uuid} over") as vc:
            return unmanaged.take_over(vc, uuid, name)

    def release_machine(self, uuid: str) -> None:
        with vcenter(self.host, f"give machine {uuid} back") as vc:
            unmanaged.give_back(vc, uuid)
