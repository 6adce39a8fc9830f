"""Does a guest really boot under KVM here? Nothing but a boot tells: the device may be there and lie."""

import logging
import time
import xml.etree.ElementTree as ET
from uuid import uuid4

import libvirt

from cloudstack.contracts.host import HostRef
from plugins.hypervisors.kvm.domain_xml import cpu_element
from plugins.hypervisors.kvm.errors import NO_DOMAIN, lost_connection
from plugins.hypervisors.kvm.folder import CONSOLES, HostFolder
from plugins.hypervisors.kvm.options import HostOptions
from plugins.hypervisors.kvm.rules import check_path

log = logging.getLogger(__name__)

BOOT_TIMEOUT_S = 25.0
POLL_S = 0.25
# A kernel without a disk comes this far, and says so on its console.
PROOF = b"Unable to mount root fs"
ASK_AGAIN_S = 900.0
MEMORY_MIB = 128

_seen: dict[tuple[str, str, str], tuple[bool, float]] = {}


def kvm_boots(conn: libvirt.virConnect, host: HostRef, options: HostOptions) -> bool:
    """Boot the kernel named by the host's detail ``kvm_probe_kernel`` under KVM and see how far it comes.

    Without such a kernel, or when anything goes wrong, the answer is no. A yes is remembered as long as this process
    lives, a no for a quarter of an hour.
    """
    kernel = host.details.get("kvm_probe_kernel", "")
    if not kernel:
        log.warning("%s: domain_type is auto but there is no kvm_probe_kernel to try; machines are emulated", host.name)
        return False
    check_path(kernel, "kvm_probe_kernel")
    key = (host.url, kernel, options.machine)
    answer, until = _seen.get(key, (False, 0.0))
    if time.monotonic() < until:
        return answer
    try:
        answer = boots(conn, options, kernel)
    except libvirt.libvirtError as error:
        if lost_connection(error):
            raise
        log.warning("%s: no boot under KVM: %s", host.name, error)
        answer = False
    log.info("%s: machines run %s", host.name, "under KVM" if answer else "emulated: no kernel boots under KVM here")
    _seen[key] = (answer, float("inf") if answer else time.monotonic() + ASK_AGAIN_S)
    return answer


def boots(conn: libvirt.virConnect, options: HostOptions, kernel: str, domain_type: str = "kvm") -> bool:
    """Boot ``kernel`` once in a machine of ``domain_type`` that leaves nothing behind."""
    uuid = str(uuid4())
    folder = HostFolder(conn, CONSOLES, options.console_path)
    folder.ensure()
    name = f"probe-{uuid}.log"
    xml = _domain_xml(uuid, options, kernel, folder.file(name), domain_type)
    try:
        # The machine ends with its panic; with our connection at the latest.
        domain = conn.createXML(xml, libvirt.VIR_DOMAIN_START_AUTODESTROY)
        try:
            _wait_for_end(domain)
            return PROOF in folder.read(name)
        finally:
            _end(domain)
    finally:
        folder.remove(name)


def _wait_for_end(domain: libvirt.virDomain) -> None:
    deadline = time.monotonic() + BOOT_TIMEOUT_S
    try:
        while domain.isActive() and time.monotonic() < deadline:
            time.sleep(POLL_S)
    except libvirt.libvirtError as error:
        if error.get_error_code() != NO_DOMAIN:
            raise


def _end(domain: libvirt.virDomain) -> None:
    try:
        domain.destroy()
    except libvirt.libvirtError as error:
        if lost_connection(error):
            raise
        log.debug("the probe has ended by itself: %s", error)


def _domain_xml(uuid: str, options: HostOptions, kernel: str, console: str, domain_type: str) -> str:
    domain = ET.Element("domain", type=domain_type)
    for tag, text in (("name", f"probe-{uuid[:8]}"), ("uuid", uuid), ("vcpu", "1")):
        ET.SubElement(domain, tag).text = text
    ET.SubElement(domain, "memory", unit="MiB").text = str(MEMORY_MIB)
    system = ET.SubElement(domain, "os")
    ET.SubElement(system, "type", arch="x86_64", machine=options.machine).text = "hvm"
    ET.SubElement(system, "kernel").text = kernel
    ET.SubElement(system, "cmdline").text = "console=ttyS0 panic=-1"
    features = ET.SubElement(domain, "features")
    for feature in ("acpi", "apic"):
        ET.SubElement(features, feature)
    cpu = cpu_element(options, kvm=domain_type == "kvm")
    if cpu is not None:
        domain.append(cpu)
    for event in ("on_poweroff", "on_reboot", "on_crash"):
        ET.SubElement(domain, event).text = "destroy"
    devices = ET.SubElement(domain, "devices")
    if options.emulator:
        ET.SubElement(devices, "emulator").text = options.emulator
    serial = ET.SubElement(devices, "serial", type="file")
    ET.SubElement(serial, "source", path=console)
    return ET.tostring(domain, encoding="unicode")
