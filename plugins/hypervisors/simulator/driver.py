"""A hypervisor in a table. Each verb is one or two statements, besides the look for faults."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils import timezone

from cloudstack.contracts.host import HostFacts, HostLoad, HostRef
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, PowerState, VmSpec, VmStatistics
from cloudstack.contracts.snapshots import MachineSnapshot
from cloudstack.contracts.unmanaged import UnmanagedMachine
from cloudstack.plugin.drivers import DriverError, InvalidSpec, NotFound
from plugins.hypervisors.simulator import devices, figures, many, snapshots, unmanaged, world
from plugins.hypervisors.simulator.faults import verb
from plugins.hypervisors.simulator.models import SimulatedHost, SimulatedVm

MAX_CPUS, MAX_MEMORY_MIB = 1024, 2**31


class SimulatorDriver:
    """Machines of one simulated host. A machine that is off stays defined, as on a real one."""

    def __init__(self, host: HostRef):
        self.host = host

    # -- what every hypervisor can do

    @verb("host_facts")
    def host_facts(self) -> HostFacts:
        return self.facts_without_faults()

    @verb("validate")
    def validate(self, spec: VmSpec) -> None:
        _sensible(spec)
        facts = self.facts_without_faults()
        if spec.cpus > facts.cpus or spec.memory_mib > facts.memory_mib:
            raise InvalidSpec(
                f"{spec.name} asks for {spec.cpus} CPUs and {spec.memory_mib} MiB; {self.host.name} has "
                f"{facts.cpus} and {facts.memory_mib}"
            )

    @verb("start")
    def start(self, spec: VmSpec) -> None:
        _sensible(spec)
        devices.check_reachable(self.host, spec)
        try:
            with transaction.atomic():
                SimulatedVm.objects.bulk_create(
                    [self._row(spec)],
                    update_conflicts=True,
                    unique_fields=["vm_uuid", "host_uuid"],
                    update_fields=["power", "name", "cpus", "memory_mib", "disks", "nics"],
                )
        except IntegrityError:
            self._runs_elsewhere(spec, "start")

    @verb("stop")
    def stop(self, uuid: str, *, force: bool = False, timeout_s: float = 120) -> None:
        self._mine(uuid).update(power=PowerState.OFF)

    @verb("reboot")
    def reboot(self, uuid: str, *, force: bool = False) -> None:
        if not self._mine(uuid).filter(power=PowerState.ON).update(boots=F("boots") + 1):
            raise NotFound(f"machine {uuid} does not run on {self.host.name}")

    @verb("destroy")
    def destroy(self, uuid: str) -> None:
        self._mine(uuid).delete()

    @verb("power_state")
    def power_state(self, uuid: str) -> PowerState:
        power = self._mine(uuid).values_list("power", flat=True).first()
        return PowerState(power) if power else PowerState.ABSENT

    @verb("power_states")
    def power_states(self) -> Mapping[str, PowerState]:
        rows = SimulatedVm.objects.filter(host_uuid=self.host.uuid, managed=True).values_list("vm_uuid", "power")
        return {str(uuid): PowerState(power) for uuid, power in rows}

    # -- live migration

    @verb("prepare_migration")
    def prepare_migration(self, spec: VmSpec) -> None:
        _sensible(spec)
        devices.check_reachable(self.host, spec)

    @verb("migrate")
    def migrate(self, spec: VmSpec, target: HostRef, *, timeout_s: float = 300) -> None:
        devices.check_bridges(target, spec)
        with transaction.atomic():
            # What the machine left on the target when it was stopped there gives way to the running one.
            SimulatedVm.objects.filter(vm_uuid=spec.uuid, host_uuid=target.uuid, power=PowerState.OFF).delete()
            moved = self._mine(spec.uuid).filter(power=PowerState.ON).update(host_uuid=target.uuid)
        if not moved and target.uuid not in world.running_on(spec.uuid):
            raise NotFound(f"{spec.name} does not run on {self.host.name}")

    # -- devices of a running machine

    @verb("attach_disk")
    def attach_disk(self, uuid: str, disk: DiskSpec) -> None:
        devices.check_disks((disk,))
        devices.plug(self._mine(uuid), "disks", disk.uuid, devices.disk_facts(disk), f"machine {uuid}")

    @verb("detach_disk")
    def detach_disk(self, uuid: str, disk: DiskSpec) -> None:
        devices.unplug(self._mine(uuid), "disks", disk.uuid, "path", disk.path)

    @verb("resize_disk")
    def resize_disk(self, uuid: str, disk: DiskSpec) -> None:
        devices.check_disks((disk,))
        devices.resize(self._mine(uuid), disk)

    @verb("insert_disc")
    def insert_disc(self, uuid: str, disc: DiskSpec) -> None:
        devices.check_disks((disc,))
        if not devices.change_disc(self._mine(uuid), disc):
            raise NotFound(f"machine {uuid} is not on {self.host.name}")

    @verb("eject_disc")
    def eject_disc(self, uuid: str, *, force: bool = False) -> None:
        devices.change_disc(self._mine(uuid), None)

    @verb("disc_in_drive")
    def disc_in_drive(self, uuid: str) -> str:
        disks = self._mine(uuid).values_list("disks", flat=True).first()
        if disks is None:
            raise NotFound(f"machine {uuid} is not on {self.host.name}")
        return next((disk for disk, facts in disks.items() if facts.get("disc")), "")

    @verb("attach_nic")
    def attach_nic(self, uuid: str, nic: NicSpec) -> None:
        devices.plug(self._mine(uuid), "nics", nic.uuid, devices.nic_facts(nic), f"machine {uuid}")

    @verb("detach_nic")
    def detach_nic(self, uuid: str, nic: NicSpec) -> None:
        devices.unplug(self._mine(uuid), "nics", nic.uuid, "mac", nic.mac)

    # -- snapshots

    @verb("take_snapshot")
    def take_snapshot(
        self, uuid: str, snapshot_uuid: str, *, description: str = "", memory: bool = False, quiesce: bool = False
    ) -> None:
        name = f"machine {uuid}"
        snapshots.take(self._mine(uuid), snapshot_uuid, description=description, memory=memory, name=name)

    @verb("revert_to_snapshot")
    def revert_to_snapshot(self, uuid: str, snapshot_uuid: str) -> None:
        snapshots.revert(self._mine(uuid), snapshot_uuid, name=f"machine {uuid}")

    @verb("delete_snapshot")
    def delete_snapshot(self, uuid: str, snapshot_uuid: str) -> None:
        snapshots.delete(self._mine(uuid), snapshot_uuid)

    @verb("snapshots")
    def snapshots(self, uuid: str) -> Sequence[MachineSnapshot]:
        return snapshots.all_of(self._mine(uuid), name=f"machine {uuid}")

    # -- machines of others

    @verb("unmanaged_machines")
    def unmanaged_machines(self) -> Mapping[str, UnmanagedMachine]:
        return unmanaged.all_on(self.host)

    @verb("import_machine")
    def import_machine(self, uuid: str, name: str) -> UnmanagedMachine:
        return unmanaged.take_over(self._mine(uuid), name, f"machine {uuid} on {self.host.name}")

    @verb("release_machine")
    def release_machine(self, uuid: str) -> None:
        self._mine(uuid).update(managed=False)

    # -- what it tells

    @verb("statistics")
    def statistics(self) -> Mapping[str, VmStatistics]:
        now = timezone.now()
        return {str(vm.vm_uuid): figures.of_machine(vm, now) for vm in self._running()}

    @verb("host_load")
    def host_load(self) -> HostLoad:
        used = self._running().aggregate(cpus=Sum("cpus", default=0), memory=Sum("memory_mib", default=0))
        return figures.load(self.facts_without_faults(), used["cpus"], used["memory"])

    # -- what many hosts tell at once

    def facts_of_hosts(self, hosts: Sequence[HostRef]) -> Mapping[str, HostFacts]:
        return many.facts(hosts)

    def loads_of_hosts(self, hosts: Sequence[HostRef]) -> Mapping[str, HostLoad]:
        return many.loads(hosts)

    def power_states_of_hosts(self, hosts: Sequence[HostRef]) -> Mapping[str, Mapping[str, PowerState]]:
        return many.power_states(hosts)

    def statistics_of_hosts(self, hosts: Sequence[HostRef]) -> Mapping[str, Mapping[str, VmStatistics]]:
        return many.statistics(hosts)

    # -- inner

    def _mine(self, uuid: str) -> Any:
        return SimulatedVm.objects.filter(vm_uuid=uuid, host_uuid=self.host.uuid)

    def _running(self) -> Any:
        return SimulatedVm.objects.filter(host_uuid=self.host.uuid, power=PowerState.ON)

    def facts_without_faults(self) -> HostFacts:
        row = SimulatedHost.objects.filter(host_uuid=self.host.uuid).values(*figures.DEFAULTS).first()
        return figures.facts(self.host, row)

    def _row(self, spec: VmSpec) -> SimulatedVm:
        return SimulatedVm(
            vm_uuid=spec.uuid,
            host_uuid=self.host.uuid,
            name=spec.name,
            power=PowerState.ON,
            cpus=spec.cpus,
            memory_mib=spec.memory_mib,
            disks={disk.uuid: devices.disk_facts(disk) for disk in spec.disks},
            nics={nic.uuid: devices.nic_facts(nic) for nic in spec.nics},
        )

    def _runs_elsewhere(self, spec: VmSpec, what: str) -> None:
        hosts = ", ".join(world.running_on(spec.uuid))
        text = f"{what} of {spec.name} ({spec.uuid}) on {self.host.uuid} while it runs on {hosts}"
        world.record_violation("double domain", text, object_uuid=spec.uuid, host_uuid=self.host.uuid)
        raise DriverError(text)


def _sensible(spec: VmSpec) -> None:
    if not 1 <= spec.cpus <= MAX_CPUS:
        raise InvalidSpec(f"{spec.name}: {spec.cpus} CPUs; 1 to {MAX_CPUS} are possible")
    if not 1 <= spec.memory_mib <= MAX_MEMORY_MIB:
        raise InvalidSpec(f"{spec.name}: {spec.memory_mib} MiB; 1 to {MAX_MEMORY_MIB} are possible")
