"""Disks and network cards of a machine while it runs. Each call looks first and does only what is missing."""

import json
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable

import libvirt
import libvirt_qemu

from cloudstack.contracts.errors import DriverError, DriverTimeout, InvalidSpec, NotFound
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec
from plugins.hypervisors.kvm.device_xml import disk_element, find_disk, find_drive, find_nic, nic_element
from plugins.hypervisors.kvm.domains import live_definition, stored_definition
from plugins.hypervisors.kvm.errors import lost_connection
from plugins.hypervisors.kvm.rules import check_disk

LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
CONFIG = libvirt.VIR_DOMAIN_AFFECT_CONFIG
DETACH_TIMEOUT_S = 45.0
# The guest must agree; one that is still booting misses the first request.
ASK_AGAIN_S = 5.0
POLL_S = 0.2
TRAY_TIMEOUT_S = 15.0
TRAY_CLOSED = re.compile("Tray of .+ is not open")

Finder = Callable[[ET.Element], ET.Element | None]


def attach_disk(domain: libvirt.virDomain, disk: DiskSpec, *, cache: str) -> None:
    _attach(domain, disk_element(disk, cache=cache), lambda definition: find_disk(definition, disk))


def detach_disk(domain: libvirt.virDomain, disk: DiskSpec) -> None:
    _detach(domain, f"disk {disk.uuid}", lambda definition: find_disk(definition, disk))


def insert_disc(domain: libvirt.virDomain, disc: DiskSpec) -> None:
    """Change what is in the drive, of the running machine and of its definition."""
    check_disk(disc)
    _change_disc(domain, disc.path, force=True)


def eject_disc(domain: libvirt.virDomain, *, force: bool) -> None:
    _change_disc(domain, "", force=force)


def disc_path(domain: libvirt.virDomain) -> str:
    """File in the drive; empty when there is none."""
    definition = live_definition(domain) if domain.isActive() else stored_definition(domain)
    drive = find_drive(definition)
    return _source(drive) if drive is not None else ""


def _change_disc(domain: libvirt.virDomain, path: str, *, force: bool) -> None:
    states = [(LIVE, live_definition)] * bool(domain.isActive())
    states += [(CONFIG, stored_definition)] * bool(domain.isPersistent())
    for flag, definition in states:
        drive = find_drive(definition(domain))
        if drive is None:
            if path:
                raise DriverError(f"{domain.name()} was started without a drive; stop and start it for one")
            continue
        if _source(drive) == path:
            continue
        for source in drive.findall("source"):
            drive.remove(source)
        alias = drive.find("alias")
        device = alias.get("name", "") if alias is not None else ""
        # What libvirt tells of the running drive and does not take back.
        for name in ("backingStore", "alias", "address"):
            for element in drive.findall(name):
                drive.remove(element)
        if path:
            ET.SubElement(drive, "source", file=path)
        forced = libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE if force and flag == LIVE else 0
        _update_drive(domain, device, ET.tostring(drive, encoding="unicode"), flag | forced)


def _update_drive(domain: libvirt.virDomain, device: str, xml: str, flags: int) -> None:
    """Give the drive ``device`` the disc of ``xml``, or none.

    A guest that boots, or looks into its drive, closes the tray between QEMU opening it and the change. libvirt goes on
    to believe that it is open and never opens it again, so that is asked of QEMU.
    """
    deadline = time.monotonic() + TRAY_TIMEOUT_S
    while True:
        try:
            domain.updateDeviceFlags(xml, flags)
            return
        except libvirt.libvirtError as error:
            if not (device and TRAY_CLOSED.search(str(error))) or time.monotonic() > deadline:
                raise
            opening = {"execute": "blockdev-open-tray", "arguments": {"id": device, "force": True}}
            libvirt_qemu.qemuMonitorCommand(domain, json.dumps(opening), 0)


def _source(drive: ET.Element) -> str:
    source = drive.find("source")
    return source.get("file", "") if source is not None else ""


def attach_nic(domain: libvirt.virDomain, nic: NicSpec) -> None:
    _attach(domain, nic_element(nic), lambda definition: find_nic(definition, nic))


def detach_nic(domain: libvirt.virDomain, nic: NicSpec) -> None:
    _detach(domain, f"network card {nic.mac}", lambda definition: find_nic(definition, nic))


def resize_disk(domain: libvirt.virDomain, disk: DiskSpec) -> None:
    """Grow the disk under the running guest and tell it; a smaller size is refused, the same size is fine."""
    element = find_disk(live_definition(domain), disk)
    target = element.find("target") if element is not None else None
    if target is None:
        raise NotFound(f"disk {disk.uuid} is not attached to {domain.name()}")
    device = target.get("dev", "")
    capacity = domain.blockInfo(device, 0)[0]
    if disk.size_bytes < capacity:
        raise InvalidSpec(f"disk {disk.uuid} has {capacity} bytes and cannot shrink to {disk.size_bytes}")
    if disk.size_bytes > capacity:
        domain.blockResize(device, disk.size_bytes, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)


def _attach(domain: libvirt.virDomain, element: ET.Element, find: Finder) -> None:
    xml = ET.tostring(element, encoding="unicode")
    if domain.isActive() and find(live_definition(domain)) is None:
        domain.attachDeviceFlags(xml, LIVE)
    if domain.isPersistent() and find(stored_definition(domain)) is None:
        domain.attachDeviceFlags(xml, CONFIG)


def _detach(domain: libvirt.virDomain, what: str, find: Finder) -> None:
    if domain.isPersistent():
        stored = find(stored_definition(domain))
        if stored is not None:
            domain.detachDeviceFlags(ET.tostring(stored, encoding="unicode"), CONFIG)
    if domain.isActive():
        _detach_live(domain, what, find)


def _detach_live(domain: libvirt.virDomain, what: str, find: Finder) -> None:
    deadline = time.monotonic() + DETACH_TIMEOUT_S
    ask_at = 0.0
    while (element := find(live_definition(domain))) is not None:
        now = time.monotonic()
        if now >= deadline:
            raise DriverTimeout(f"the guest of {domain.name()} did not release {what} within {DETACH_TIMEOUT_S:g} s")
        if now >= ask_at:
            first = ask_at == 0.0
            ask_at = now + ASK_AGAIN_S
            _ask_guest(domain, element, first=first)
        time.sleep(POLL_S)


def _ask_guest(domain: libvirt.virDomain, element: ET.Element, *, first: bool) -> None:
    try:
        domain.detachDeviceFlags(ET.tostring(element, encoding="unicode"), LIVE)
    except libvirt.libvirtError as error:
        # QEMU refuses a second request while the first one is under way, and libvirt one for a device
        # that went in between; the caller looks again in both cases.
        pending = "unplug" in (error.get_error_message() or "")
        missing = error.get_error_code() == libvirt.VIR_ERR_DEVICE_MISSING
        if lost_connection(error) or (first and not pending and not missing):
            raise
