"""Disks and network cards as libvirt's device XML, and how to find them in a running machine's definition."""

import xml.etree.ElementTree as ET

from cloudstack.contracts.hypervisor import DiskSpec, NicSpec
from plugins.hypervisors.kvm.rules import CDROM_DEVICE_ID, canonical_uuid, check_disk, check_nic

SERIAL_LENGTH = 20
SEED_SERIAL = "cloudstack-seed"
_PREFIXES = {"virtio": "vd", "scsi": "sd", "sata": "sd", "ide": "hd"}


def disk_element(disk: DiskSpec, *, cache: str = "none", boot_order: int = 0) -> ET.Element:
    """One disk, or a CD-ROM when its format is ``iso``. The guest sees the start of its UUID as serial number."""
    check_disk(disk)
    is_cdrom = disk.format == "iso"
    bus = "ide" if is_cdrom and disk.bus == "virtio" else disk.bus
    element = ET.Element("disk", type="file", device="cdrom" if is_cdrom else "disk")
    driver = ET.SubElement(element, "driver", name="qemu", type="raw" if is_cdrom else disk.format)
    if not is_cdrom:
        driver.set("cache", cache)
        driver.set("discard", "unmap")
    ET.SubElement(element, "source", file=disk.path)
    ET.SubElement(element, "target", dev=device_name(bus, 2 if is_cdrom else disk.device_id), bus=bus)
    if disk.read_only or is_cdrom:
        ET.SubElement(element, "readonly")
    ET.SubElement(element, "serial").text = disk_serial(disk.uuid)
    if boot_order:
        ET.SubElement(element, "boot", order=str(boot_order))
    return element


def cdrom_element(path: str, *, machine: str) -> ET.Element:
    """The CD-ROM with the guest's seed: on IDE, which every guest can read, or SATA on a machine without IDE."""
    bus = "sata" if "q35" in machine else "ide"
    element = ET.Element("disk", type="file", device="cdrom")
    ET.SubElement(element, "driver", name="qemu", type="raw")
    ET.SubElement(element, "source", file=path)
    ET.SubElement(element, "target", dev=device_name(bus, CDROM_DEVICE_ID), bus=bus)
    ET.SubElement(element, "readonly")
    ET.SubElement(element, "serial").text = SEED_SERIAL
    return element


def nic_element(nic: NicSpec) -> ET.Element:
    """One network card on a bridge of the host."""
    check_nic(nic)
    element = ET.Element("interface", type="bridge")
    ET.SubElement(element, "mac", address=nic.mac.lower())
    ET.SubElement(element, "source", bridge=nic.bridge)
    ET.SubElement(element, "model", type=nic.model)
    ET.SubElement(element, "mtu", size=str(nic.mtu))
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


def find_nic(domain: ET.Element, nic: NicSpec) -> ET.Element | None:
    """The element of ``nic`` in a machine's definition, known by its MAC address."""
    mac = nic.mac.lower()
    for element in domain.iterfind("devices/interface"):
        address = element.find("mac")
        if address is not None and address.get("address", "").lower() == mac:
            return element
    return None
