"""Disks and network cards as libvirt's device XML, and how to find them in a running machine's definition."""

import xml.etree.ElementTree as ET

from cloudstack.contracts.hypervisor import DiskLimits, DiskSpec, NicSpec
from plugins.hypervisors.kvm.rules import canonical_uuid, check_disk, check_nic

SERIAL_LENGTH = 20
SEED_SERIAL = "cloudstack-seed"
DRIVE_SERIAL = "cloudstack-cdrom"
SEED_DEVICE_ID, DRIVE_DEVICE_ID = 3, 2
"""Positions on the bus of the CD-ROMs, the last two of IDE."""
KIB_S_OF_MBIT = 128
"""libvirt counts in KiB/s; this is what clients of the API have always got for 1 Mbit/s."""
MAX_KIB_S = 2**32 - 1
_PREFIXES = {"virtio": "vd", "scsi": "sd", "sata": "sd", "ide": "hd"}


def disk_element(disk: DiskSpec, *, cache: str = "none", boot_order: int = 0) -> ET.Element:
    """One disk. The guest sees the start of its UUID as serial number."""
    check_disk(disk)
    element = ET.Element("disk", type="file", device="disk")
    ET.SubElement(element, "driver", name="qemu", type=disk.format, cache=disk.cache or cache, discard="unmap")
    ET.SubElement(element, "source", file=disk.path)
    ET.SubElement(element, "target", dev=device_name(disk.bus, disk.device_id), bus=disk.bus)
    if disk.limits is not None:
        _tune(element, disk.limits)
    if disk.read_only:
        ET.SubElement(element, "readonly")
    ET.SubElement(element, "serial").text = disk_serial(disk.uuid)
    _boot(element, boot_order)
    return element


def seed_element(path: str, *, machine: str) -> ET.Element:
    """The CD-ROM with the guest's seed."""
    return _cdrom(path, SEED_DEVICE_ID, SEED_SERIAL, machine)


def drive_element(disc: DiskSpec | None, *, machine: str, boot_order: int = 0) -> ET.Element:
    """The CD-ROM drive of a machine, empty or with a disc; it is always there, for discs to come and go."""
    if disc is not None:
        check_disk(disc)
    element = _cdrom(disc.path if disc else "", DRIVE_DEVICE_ID, DRIVE_SERIAL, machine)
    _boot(element, boot_order)
    return element


def _cdrom(path: str, position: int, serial: str, machine: str) -> ET.Element:
    """On IDE, which every guest can read, or SATA on a machine without IDE."""
    bus = "sata" if "q35" in machine else "ide"
    element = ET.Element("disk", type="file", device="cdrom")
    ET.SubElement(element, "driver", name="qemu", type="raw")
    if path:
        ET.SubElement(element, "source", file=path)
    ET.SubElement(element, "target", dev=device_name(bus, position), bus=bus)
    ET.SubElement(element, "readonly")
    ET.SubElement(element, "serial").text = serial
    return element


def _boot(element: ET.Element, order: int) -> None:
    if order:
        ET.SubElement(element, "boot", order=str(order))


def _tune(element: ET.Element, limits: DiskLimits) -> None:
    """libvirt's limits of a disk; what is 0 is left out."""
    tune = ET.Element("iotune")
    for ours, theirs in (("bytes", "bytes_sec"), ("ops", "iops_sec")):
        for way in ("read", "write"):
            for end, suffix in (("", ""), ("_max", "_max"), ("_max_s", "_max_length")):
                value = getattr(limits, f"{way}_{ours}{end}")
                if value:
                    ET.SubElement(tune, f"{way}_{theirs}{suffix}").text = str(value)
    if limits.total_ops:
        ET.SubElement(tune, "total_iops_sec").text = str(limits.total_ops)
    if len(tune):
        element.append(tune)


def nic_element(nic: NicSpec) -> ET.Element:
    """One network card on a bridge of the host."""
    check_nic(nic)
    element = ET.Element("interface", type="bridge")
    ET.SubElement(element, "mac", address=nic.mac.lower())
    ET.SubElement(element, "source", bridge=nic.bridge)
    ET.SubElement(element, "model", type=nic.model)
    ET.SubElement(element, "mtu", size=str(nic.mtu))
    if nic.rate_mbit:
        bandwidth = ET.SubElement(element, "bandwidth")
        for direction in ("inbound", "outbound"):
            ET.SubElement(bandwidth, direction, average=str(min(nic.rate_mbit * KIB_S_OF_MBIT, MAX_KIB_S)))
    ET.SubElement(element, "alias", name=f"ua-{canonical_uuid(nic.uuid, 'network card')}")
    return element


def device_name(bus: str, position: int) -> str:
    """Target of a disk by its bus and position: vda, vdb … vdz, vdaa."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return _PREFIXES[bus] + letters


def disk_serial(uuid: str) -> str:
    """Serial number of a disk: the first 20 hexadecimal digits of its UUID, all that virtio carries."""
    return canonical_uuid(uuid, "disk").replace("-", "")[:SERIAL_LENGTH]


def find_disk(domain: ET.Element, disk: DiskSpec) -> ET.Element | None:
    """The element of ``disk`` in a machine's definition."""
    serial = disk_serial(disk.uuid)
    return next((e for e in domain.iterfind("devices/disk") if e.findtext("serial") == serial), None)


def find_drive(domain: ET.Element) -> ET.Element | None:
    """The element of the CD-ROM drive in a machine's definition."""
    return next((e for e in domain.iterfind("devices/disk") if e.findtext("serial") == DRIVE_SERIAL), None)


def find_nic(domain: ET.Element, nic: NicSpec) -> ET.Element | None:
    """The element of ``nic`` in a machine's definition, known by its MAC address."""
    mac = nic.mac.lower()
    for element in domain.iterfind("devices/interface"):
        address = element.find("mac")
        if address is not None and address.get("address", "").lower() == mac:
            return element
    return None
