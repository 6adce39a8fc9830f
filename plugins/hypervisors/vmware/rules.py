"""What a specification must look like before vCenter hears of it."""

import re
from uuid import UUID

from cloudstack.contracts.errors import InvalidSpec
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, VmSpec

POOL_TYPES = ("VMFS", "DatastoreCluster")
MAX_CPUS = 768
MAX_MEMORY_MIB = 24 * 1024 * 1024
DISK_SLOTS = 15
"""On one SCSI controller; unit 7 is the controller itself."""
DISC_SLOT = 3

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_FILE = re.compile(r"\[([^\[\]/\\%\x00-\x1f]{1,80})\] ([^\x00-\x1f\[\]]+)")


def refuse_unless(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidSpec(message)


def canonical_uuid(value: str, what: str) -> str:
    """The UUID in its usual writing, so that it can stand in a file's name."""
    try:
        right = str(UUID(value)) == value
    except (ValueError, AttributeError, TypeError):
        right = False
    if not right:
        raise InvalidSpec(f"{what}: {value!r} is not a UUID")
    return value


def check_machine(spec: VmSpec) -> None:
    """Raise ``InvalidSpec`` for a machine that no vSphere could run; a host's own limits are not looked at."""
    canonical_uuid(spec.uuid, "machine")
    refuse_unless(bool(_NAME.fullmatch(spec.name)), f"instance name {spec.name!r}: letters, digits, '-', '_', '.', '+'")
    refuse_unless(1 <= spec.cpus <= MAX_CPUS, f"{spec.name}: {spec.cpus} CPUs; 1 to {MAX_CPUS} are possible")
    refuse_unless(
        1 <= spec.memory_mib <= MAX_MEMORY_MIB,
        f"{spec.name}: {spec.memory_mib} MiB of memory; 1 to {MAX_MEMORY_MIB} are possible",
    )
    # vSphere itself refuses other amounts, after everything else was made.
    refuse_unless(spec.memory_mib % 4 == 0, f"{spec.name}: {spec.memory_mib} MiB of memory; a multiple of 4 is needed")
    refuse_unless(
        spec.architecture == "x86_64", f"{spec.name}: architecture {spec.architecture!r}; vSphere runs x86_64"
    )
    for disk in spec.disks:
        check_disk(disk)
    for nic in spec.nics:
        check_nic(nic)
    for what, values in (
        ("disks with device id", [disk.device_id for disk in spec.disks]),
        ("network cards with address", [nic.mac.lower() for nic in spec.nics]),
    ):
        refuse_unless(len(values) == len(set(values)), f"{spec.name}: two {what} of {values}")


def check_disk(disk: DiskSpec) -> None:
    canonical_uuid(disk.uuid, "disk")
    refuse_unless(
        disk.pool_type in POOL_TYPES,
        f"disk {disk.uuid}: storage of type {disk.pool_type!r}; vSphere machines have disks on {', '.join(POOL_TYPES)}",
    )
    split_path(disk.path)
    kind = "iso" if disk.format == "iso" else "vmdk"
    refuse_unless(disk.path.endswith(f".{kind}"), f"disk {disk.uuid}: {disk.path!r} is no .{kind} file")
    refuse_unless(0 <= disk.device_id <= DISK_SLOTS, f"disk {disk.uuid}: device id {disk.device_id}; 0 to {DISK_SLOTS}")


def check_nic(nic: NicSpec) -> None:
    canonical_uuid(nic.uuid, "network card")
    refuse_unless(bool(_MAC.fullmatch(nic.mac.lower())), f"network card {nic.uuid}: MAC address {nic.mac!r}")
    refuse_unless(int(nic.mac[:2], 16) % 2 == 0, f"network card {nic.uuid}: {nic.mac} is a group address")
    refuse_unless(bool(nic.bridge), f"network card {nic.uuid}: no port group")


def split_path(path: str) -> tuple[str, str]:
    """Datastore and file of ``[datastore] folder/file``; ``InvalidSpec`` for a path that leads elsewhere."""
    found = _FILE.fullmatch(path)
    if found is None or not set(found[2].split("/")).isdisjoint({"", ".", ".."}):
        raise InvalidSpec(f"{path!r} is not a file of a datastore, such as [datastore1] folder/file.vmdk")
    return found[1], found[2]


def unit_of(device_id: int) -> int:
    """The SCSI unit of a disk."""
    return device_id if device_id < 7 else device_id + 1
