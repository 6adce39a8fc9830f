"""Figures of machines: CloudStack's names, which dashboards know, and some series for each machine beyond them."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, QuerySet, Sum

from apps.compute.models import MachineUsage, Nic, VirtualMachine, VolumeAttachment
from apps.compute.models.virtual_machine import instance_name
from apps.compute.states import VM_HOLDS_HOST, VmState
from apps.infrastructure.models import Host, Zone
from cloudstack.framework.metrics import Collector, Family, Kind, Sample, register

MIB = 1024**2
MOST = 1_000_000
"""The operator's own bound is lower, unless he asks for it."""
_CHUNK = 5000

VMS = Family("cloudstack_vms_total", "Machines, by zone and state.", ("zone", "filter"), Kind.UNTYPED)
BY_SIZE = Family(
    "cloudstack_vms_total_by_size",
    "Machines, by zone, number of CPUs and memory in MiB.",
    ("zone", "cpu", "memory"),
)
CORES = Family(
    "cloudstack_host_vms_cores_total",
    "Cores of a host: used by its machines, total; and those that all machines of a zone have (allocated).",
    ("zone", "hostname", "ip", "filter", "dedicated", "tags"),
    Kind.UNTYPED,
    100_000,
)
CORES_BY_TAG = Family(
    "cloudstack_host_vms_cores_total_by_tag",
    "Cores that machines have on hosts with these host tags.",
    ("zone", "filter", "tags"),
)
ON_HOST = Family(
    "cloudstack_host_vms_total", "Machines on a host.", ("zone", "hostname", "address"), Kind.UNTYPED, 100_000
)

_ONE = ("vm",)


def _of_machine(name: str, about: str, kind: Kind = Kind.GAUGE) -> Family:
    return Family(f"cloudstack_vm_{name}", about, _ONE, kind, MOST)


INFO = Family(
    "cloudstack_vm_info",
    "1 for each machine; names what belongs to its UUID, to be joined with other figures of the machine.",
    ("vm", "name", "instance", "account", "domain", "zone", "hypervisor"),
    most=MOST,
)
PLACE = Family(
    "cloudstack_vm_host_info", "1 for each machine that is on a host.", ("vm", "host", "hostname"), most=MOST
)
STATE = Family("cloudstack_vm_state_info", "1 for each machine, with its state.", ("vm", "state"), most=MOST)
CPUS = _of_machine("cpus", "CPUs of the machine.")
MEMORY = _of_machine("memory_bytes", "Memory of the machine.")
USED_CPU = _of_machine("cpu_used_ratio", "Share of its CPUs that the machine used lately, 0 to 1.")
USED_MEMORY = _of_machine("memory_used_bytes", "Memory that the machine uses.")
SAMPLED = _of_machine("usage_timestamp_seconds", "When its host told what the machine uses.")
_TOTALS = {
    "total_cpu_ns": _of_machine("cpu_seconds_total", "CPU time since the machine was started.", Kind.COUNTER),
    "total_net_rx_bytes": _of_machine("network_receive_bytes_total", "Bytes that its cards received.", Kind.COUNTER),
    "total_net_tx_bytes": _of_machine("network_transmit_bytes_total", "Bytes that its cards sent.", Kind.COUNTER),
    "total_disk_read_bytes": _of_machine("disk_read_bytes_total", "Bytes that were read of its disks.", Kind.COUNTER),
    "total_disk_write_bytes": _of_machine("disk_written_bytes_total", "Bytes written to its disks.", Kind.COUNTER),
    "total_disk_read_ops": _of_machine("disk_reads_total", "Reads of its disks.", Kind.COUNTER),
    "total_disk_write_ops": _of_machine("disk_writes_total", "Writes to its disks.", Kind.COUNTER),
}
NIC = Family(
    "cloudstack_nic_info",
    "1 for each network card; says whose it is and in which network.",
    ("nic", "vm", "network", "network_name", "mac", "address"),
    most=MOST,
)

DISK = Family(
    "cloudstack_volume_vm_info",
    "1 for each volume of a machine; says whose it is.",
    ("volume", "vm", "device"),
    most=MOST,
)


def _counts() -> Iterator[Sample]:
    machines = VirtualMachine.objects.filter(zone__removed__isnull=True).order_by()
    counted = {
        (zone, state): count
        for zone, state, count in machines.values_list("zone__name", "state").annotate(count=Count("pk"))
    }
    # States without a machine as well: a graph shows nought, and an alert can tell nought from unknown.
    for zone in Zone.objects.order_by("name").values_list("name", flat=True):
        for state in VmState.values:
            yield VMS, (zone, state.lower()), counted.get((zone, state), 0)
    sizes = machines.values_list("zone__name", "cpus", "memory_mib").annotate(count=Count("pk"))
    for zone, cpus, memory, count in sizes.order_by("zone__name", "cpus", "memory_mib"):
        yield BY_SIZE, (zone, str(cpus), str(memory)), count


def _by_host() -> Iterator[Sample]:
    holding = VirtualMachine.objects.filter(state__in=VM_HOLDS_HOST, host__isnull=False)
    held = {
        host: (count, cores)
        for host, count, cores in holding.order_by().values_list("host").annotate(Count("pk"), Sum("cpus"))
    }
    in_zone: dict[str, int] = {}
    with_tags: dict[tuple[str, str], int] = {}
    hosts = Host.objects.filter(zone__removed__isnull=True).order_by("pk")
    columns = ("pk", "zone__name", "name", "private_ip", "cpus", "tags", "dedication")
    for pk, zone, name, address, cpus, tags, dedication in hosts.values_list(*columns).iterator(chunk_size=_CHUNK):
        count, cores = held.get(pk, (0, 0))
        rest = ("1" if dedication else "0", tags)
        yield CORES, (zone, name, address, "used", *rest), cores
        yield CORES, (zone, name, address, "total", *rest), cpus
        yield ON_HOST, (zone, name, address), count
        in_zone[zone] = in_zone.get(zone, 0) + cores
        if tags:
            with_tags[zone, tags] = with_tags.get((zone, tags), 0) + cores
    for zone, cores in in_zone.items():
        yield CORES, (zone, "", "", "allocated", "", ""), cores
    for (zone, tags), cores in with_tags.items():
        yield CORES_BY_TAG, (zone, "allocated", tags), cores


def _machines() -> Iterator[Sample]:
    rows = VirtualMachine.objects.order_by("pk").values_list(
        "uuid", "name", "account__name", "domain__path", "zone__name", "hypervisor", "state", "cpus", "memory_mib",
        "host__uuid", "host__name",
    )  # fmt: skip
    for uuid, name, account, path, zone, hypervisor, state, cpus, memory, host, hostname in rows.iterator(_CHUNK):
        vm = str(uuid)
        yield INFO, (vm, name, instance_name(uuid), account, path, zone, hypervisor), 1
        yield STATE, (vm, state), 1
        yield CPUS, (vm,), cpus
        yield MEMORY, (vm,), memory * MIB
        if host is not None:
            yield PLACE, (vm, str(host), hostname), 1


def _how_many() -> dict[Family, int]:
    found = VirtualMachine.objects.aggregate(all=Count("pk"), placed=Count("host"))
    return {**dict.fromkeys((INFO, STATE, CPUS, MEMORY), found["all"]), PLACE: found["placed"]}


def _used() -> QuerySet[MachineUsage]:
    return MachineUsage.objects.filter(vm__removed__isnull=True)


def _measured() -> dict[Family, int]:
    found = _used().aggregate(all=Count("pk"), compared=Count("cpu_percent"))
    return {**dict.fromkeys((USED_MEMORY, SAMPLED, *_TOTALS.values()), found["all"]), USED_CPU: found["compared"]}


def _usage() -> Iterator[Sample]:
    columns = ("vm__uuid", "taken", "cpu_percent", "memory_used_mib", *_TOTALS)
    rows: Any = _used().order_by("pk").values_list(*columns)
    families = list(_TOTALS.values())
    for uuid, taken, cpu, memory, cpu_ns, *totals in rows.iterator(chunk_size=_CHUNK):
        one = (str(uuid),)
        yield SAMPLED, one, taken.timestamp()
        yield USED_MEMORY, one, memory * MIB
        yield families[0], one, cpu_ns / 1e9
        if cpu is not None:
            yield USED_CPU, one, cpu / 100
        for family, total in zip(families[1:], totals, strict=True):
            yield family, one, total


def _cards() -> QuerySet[Nic]:
    return Nic.objects.filter(vm__removed__isnull=True).order_by("pk")


def _attachments() -> QuerySet[VolumeAttachment]:
    alive = VolumeAttachment.objects.filter(vm__removed__isnull=True, volume__removed__isnull=True)
    return alive.order_by("pk")


def _nics() -> Iterator[Sample]:
    columns = ("uuid", "vm__uuid", "network__uuid", "network__name", "mac", "ipv4")
    for nic, vm, network, name, mac, address in _cards().values_list(*columns).iterator(chunk_size=_CHUNK):
        yield NIC, (str(nic), str(vm), str(network), name, mac, address), 1


def _disks() -> Iterator[Sample]:
    columns = ("volume__uuid", "vm__uuid", "device_id")
    for volume, vm, device in _attachments().values_list(*columns).iterator(chunk_size=_CHUNK):
        yield DISK, (str(volume), str(vm), str(device)), 1


register(
    Collector("machines", (VMS, BY_SIZE), _counts),
    Collector("machines by host", (CORES, CORES_BY_TAG, ON_HOST), _by_host),
    Collector("each machine", (INFO, PLACE, STATE, CPUS, MEMORY), _machines, totals=_how_many),
    Collector("usage of each machine", (USED_CPU, USED_MEMORY, SAMPLED, *_TOTALS.values()), _usage, totals=_measured),
    Collector("each network card", (NIC,), _nics, totals=lambda: {NIC: _cards().count()}),
    Collector("disks of each machine", (DISK,), _disks, totals=lambda: {DISK: _attachments().count()}),
)
