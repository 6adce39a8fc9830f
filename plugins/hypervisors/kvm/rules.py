"""What a specification must look like before it may become XML, a file name or a guest's seed."""

import re
from uuid import UUID

from cloudstack.contracts.errors import InvalidSpec
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, VmSpec

ARCHITECTURES = frozenset({"x86_64"})
DISK_FORMATS = frozenset({"qcow2", "raw", "iso"})
CACHES = frozenset({"", "none", "writeback", "writethrough", "directsync"})
DISK_BUSES = frozenset({"virtio", "scsi", "ide", "sata"})
NIC_MODELS = frozenset({"virtio", "e1000", "e1000e", "rtl8139", "pcnet", "ne2k_pci"})
FILE_POOL_TYPES = frozenset({"SharedMountPoint", "Filesystem"})
IDE_LIMIT = 4
MAX_CPUS = 255

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}")
_LINK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_XML_REFUSES = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def refuse_unless(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidSpec(message)


def canonical_uuid(value: str, what: str) -> str:
    """The UUID in its usual writing; anything else is refused, so that it can stand in a file name."""
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise InvalidSpec(f"{what}: {value!r} is not a UUID") from None


def printable(text: str, limit: int = 255) -> str:
    """Text that XML can carry on one line; what it cannot is replaced by a question mark."""
    return _XML_REFUSES.sub("?", re.sub(r"[\t\n\r\u0085\u2028\u2029]", " ", text))[:limit]


def check_machine(spec: VmSpec) -> None:
    """Raise ``InvalidSpec`` for a machine that no KVM host could run; a host's own limits are not looked at."""
    canonical_uuid(spec.uuid, "machine")
    refuse_unless(bool(_NAME.fullmatch(spec.name)), f"instance name {spec.name!r}: letters, digits, '-', '_', '.', '+'")
    refuse_unless(1 <= spec.cpus <= MAX_CPUS, f"{spec.name}: {spec.cpus} CPUs; 1 to {MAX_CPUS} are possible")
    refuse_unless(spec.cpu_mhz >= 0, f"{spec.name}: CPU speed {spec.cpu_mhz} MHz")
    refuse_unless(spec.memory_mib >= 1, f"{spec.name}: {spec.memory_mib} MiB of memory")
    refuse_unless(
        spec.architecture in ARCHITECTURES,
        f"{spec.name}: architecture {spec.architecture!r}; this driver runs {', '.join(sorted(ARCHITECTURES))}",
    )
    boot = spec.details.get("boot_type", "BIOS").upper()
    refuse_unless(boot == "BIOS", f"{spec.name}: boot type {boot}; this driver boots by BIOS only")
    for disk in spec.disks:
        check_disk(disk)
    for nic in spec.nics:
        check_nic(nic)
    discs = [disk.uuid for disk in spec.disks if disk.format == "iso"]
    refuse_unless(len(discs) < 2, f"{spec.name}: {len(discs)} discs; a machine has one CD-ROM drive")
    _unique([disk.device_id for disk in spec.disks], f"{spec.name}: two disks with device id")
    _unique([canonical_uuid(disk.uuid, "disk") for disk in spec.disks], f"{spec.name}: two disks with id")
    _unique([nic.mac.lower() for nic in spec.nics], f"{spec.name}: two network cards with address")
    if spec.seed is not None:
        check_hostname(spec.seed.hostname)
        refuse_unless(bool(_NAME.fullmatch(spec.seed.instance_id)), f"instance id {spec.seed.instance_id!r}")
        for name in spec.seed.variables:
            refuse_unless(bool(_VARIABLE.fullmatch(name)), f"variable {name!r}: letters, digits and '_' make a name")


def check_disk(disk: DiskSpec) -> None:
    """Raise ``InvalidSpec`` for a disk that this driver cannot give to a machine."""
    canonical_uuid(disk.uuid, "disk")
    refuse_unless(
        disk.pool_type in FILE_POOL_TYPES,
        f"disk {disk.uuid}: storage of type {disk.pool_type!r}; this driver knows {', '.join(sorted(FILE_POOL_TYPES))}",
    )
    check_path(disk.path, f"disk {disk.uuid}")
    refuse_unless(disk.format in DISK_FORMATS, f"disk {disk.uuid}: format {disk.format!r}")
    refuse_unless(disk.cache in CACHES, f"disk {disk.uuid}: cache {disk.cache!r}")
    refuse_unless(disk.bus in DISK_BUSES, f"disk {disk.uuid}: bus {disk.bus!r}")
    refuse_unless(0 <= disk.device_id < 256, f"disk {disk.uuid}: device id {disk.device_id}")
    refuse_unless(
        disk.bus != "ide" or disk.device_id < IDE_LIMIT,
        f"disk {disk.uuid}: device id {disk.device_id}; an IDE bus has {IDE_LIMIT}",
    )
    refuse_unless(disk.size_bytes >= 0, f"disk {disk.uuid}: size {disk.size_bytes}")


def check_nic(nic: NicSpec) -> None:
    """Raise ``InvalidSpec`` for a network card that this driver cannot make."""
    canonical_uuid(nic.uuid, "network card")
    refuse_unless(bool(_MAC.fullmatch(nic.mac.lower())), f"network card {nic.uuid}: MAC address {nic.mac!r}")
    refuse_unless(int(nic.mac[:2], 16) % 2 == 0, f"network card {nic.uuid}: {nic.mac} is a group address")
    refuse_unless(bool(_LINK.fullmatch(nic.bridge)), f"network card {nic.uuid}: bridge {nic.bridge!r}")
    refuse_unless(nic.model in NIC_MODELS, f"network card {nic.uuid}: model {nic.model!r}")
    refuse_unless(nic.rate_mbit >= 0, f"network card {nic.uuid}: {nic.rate_mbit} Mbit/s")
    refuse_unless(68 <= nic.mtu <= 65535, f"network card {nic.uuid}: MTU {nic.mtu}")


def check_path(path: str, what: str) -> None:
    """A file's path must be absolute and plain: no way up, nothing that XML cannot carry."""
    plain = path.startswith("/") and not path.endswith("/") and not _XML_REFUSES.search(path)
    parts = path.split("/")[1:]
    refuse_unless(plain and "\n" not in path and not {"", ".", ".."} & set(parts), f"{what}: path {path!r}")


def check_hostname(hostname: str) -> None:
    """A host name of the guest: labels of letters, digits and hyphens."""
    labels = hostname.split(".")
    fits = len(hostname) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    refuse_unless(fits, f"host name {hostname!r}: labels of letters, digits and '-', up to 63 characters each")


def _unique(values: list[object], message: str) -> None:
    seen: set[object] = set()
    for value in values:
        refuse_unless(value not in seen, f"{message} {value}")
        seen.add(value)
