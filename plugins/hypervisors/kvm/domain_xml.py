"""A machine as libvirt's domain XML. Pure functions: no connection, no text pasted together."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from cloudstack.contracts.errors import InvalidSpec
from cloudstack.contracts.hypervisor import VmSpec
from plugins.hypervisors.kvm.device_xml import disk_element, drive_element, nic_element, seed_element
from plugins.hypervisors.kvm.options import HostOptions
from plugins.hypervisors.kvm.rules import canonical_uuid, check_machine, printable
from plugins.hypervisors.kvm.tuning import Tuning

NAMESPACE = "urn:cloudstack:kvm:1"
MARK = "machine"
PREFIX = "cs"
# Within what both versions of Linux's control groups take.
MIN_SHARES, MAX_SHARES = 2, 10_000
STATS_PERIOD_S = 10
CPU_PERIOD_US = 100_000
MIN_QUOTA_US = 1000  # libvirt takes no less

ET.register_namespace(PREFIX, NAMESPACE)


@dataclass(frozen=True, kw_only=True)
class HostPaths:
    """Files of one machine on its host; empty means that it has none."""

    seed: str = ""
    console_log: str = ""


def domain_xml(
    spec: VmSpec, options: HostOptions, paths: HostPaths, *, vnc_password: str = "", host_mhz: int = 0
) -> str:
    """The definition of ``spec`` for a host with ``options``; raises ``InvalidSpec`` for a hopeless one.

    ``options.domain_type`` must be decided here: ``auto`` is for the caller to resolve. ``host_mhz``: speed of the
    host's CPUs, by which a machine is held to what it was promised; 0 when it is not known.
    """
    check_machine(spec)
    tuning = Tuning.of(spec)
    domain = ET.Element("domain", type=options.domain_type)
    _identity(domain, spec)
    _hardware(domain, spec, options, tuning, host_mhz)
    devices = ET.SubElement(domain, "devices")
    if options.emulator:
        _text(devices, "emulator", options.emulator)
    _storage(devices, spec, options, paths)
    for disk in devices.iterfind("disk[@device='disk']"):
        tuning.disk(disk)
    for nic in sorted(spec.nics, key=lambda nic: nic.device_id):
        card = nic_element(nic)
        tuning.nic(card)
        devices.append(card)
    _consoles(devices, options, paths, vnc_password, tuning.keymap)
    _guest_services(devices)
    return ET.tostring(domain, encoding="unicode")


def cpu_shares(cpus: int, cpu_mhz: int) -> int:
    """Weight of a machine among those of its host: a tenth of the MHz promised to it in all."""
    return max(MIN_SHARES, min(MAX_SHARES, cpus * cpu_mhz // 10))


def cpu_quota(spec: VmSpec, host_mhz: int) -> int:
    """Microseconds of each period that one virtual CPU of ``spec`` may run; 0 is no limit."""
    if not spec.cpu_limited or not host_mhz or spec.cpu_mhz >= host_mhz:
        return 0
    return max(MIN_QUOTA_US, CPU_PERIOD_US * spec.cpu_mhz // host_mhz)


def _identity(domain: ET.Element, spec: VmSpec) -> None:
    uuid = canonical_uuid(spec.uuid, "machine")
    _text(domain, "name", spec.name)
    _text(domain, "uuid", uuid)
    _text(domain, "title", printable(spec.display_name or spec.name))
    metadata = ET.SubElement(domain, "metadata")
    ET.SubElement(metadata, f"{{{NAMESPACE}}}{MARK}", uuid=uuid, name=spec.name)


def _hardware(domain: ET.Element, spec: VmSpec, options: HostOptions, tuning: Tuning, host_mhz: int) -> None:
    _text(domain, "memory", spec.memory_mib, unit="MiB")
    _text(domain, "currentMemory", spec.memory_mib, unit="MiB")
    _text(domain, "vcpu", spec.cpus)
    if tuning.io_threads:
        _text(domain, "iothreads", 1)
    if options.cpu_shares and spec.cpu_mhz:
        limits = ET.SubElement(domain, "cputune")
        _text(limits, "shares", cpu_shares(spec.cpus, spec.cpu_mhz))
        quota = cpu_quota(spec, host_mhz)
        if quota:
            _text(limits, "period", CPU_PERIOD_US)
            _text(limits, "quota", quota)
    elif spec.cpu_limited:
        raise InvalidSpec(f"{spec.name}: its CPUs are to be limited, and this host has no CPU control group")
    system = ET.SubElement(domain, "os")
    _text(system, "type", "hvm", arch=spec.architecture, machine=options.machine)
    features = ET.SubElement(domain, "features")
    for name in ("acpi", "apic", "pae"):
        ET.SubElement(features, name)
    cpu = cpu_element(options, kvm=options.domain_type == "kvm")
    if cpu is not None:
        domain.append(cpu)
    clock = ET.SubElement(domain, "clock", offset="utc")
    if options.domain_type == "kvm":
        ET.SubElement(clock, "timer", name="rtc", tickpolicy="catchup")
        ET.SubElement(clock, "timer", name="pit", tickpolicy="delay")
        ET.SubElement(clock, "timer", name="hpet", present="no")
    for event, reaction in (("on_poweroff", "destroy"), ("on_reboot", "restart"), ("on_crash", "destroy")):
        _text(domain, event, reaction)


def cpu_element(options: HostOptions, *, kvm: bool) -> ET.Element | None:
    """The CPU that the guest sees; None leaves it to QEMU."""
    mode = options.cpu_mode or ("custom" if options.cpu_model else "") or ("host-model" if kvm else "")
    if not mode:
        return None
    cpu = ET.Element("cpu", mode=mode)
    if mode == "custom":
        cpu.set("match", "exact")
        _text(cpu, "model", options.cpu_model)
    return cpu


def _storage(devices: ET.Element, spec: VmSpec, options: HostOptions, paths: HostPaths) -> None:
    disks = sorted((disk for disk in spec.disks if disk.format != "iso"), key=lambda disk: disk.device_id)
    disc = next((disk for disk in spec.disks if disk.format == "iso"), None)
    marked = any(disk.boot for disk in disks)
    # A disc that boots comes before the disks: who installs a system has nothing on them yet.
    order = first = int(disc is not None and disc.boot)
    for disk in disks:
        boots = disk.boot if marked else disk.device_id == 0
        order += boots
        devices.append(disk_element(disk, cache=options.cache, boot_order=order if boots else 0))
    devices.append(drive_element(disc, machine=options.machine, boot_order=first))
    if paths.seed:
        devices.append(seed_element(paths.seed, machine=options.machine))
    if any(disk.bus == "scsi" for disk in disks):
        ET.SubElement(devices, "controller", type="scsi", index="0", model="virtio-scsi")


def _consoles(devices: ET.Element, options: HostOptions, paths: HostPaths, vnc_password: str, keymap: str) -> None:
    serial = ET.SubElement(devices, "serial", type="pty")
    ET.SubElement(serial, "target", port="0")
    if paths.console_log:
        ET.SubElement(serial, "log", file=paths.console_log, append="off")
    console = ET.SubElement(devices, "console", type="pty")
    ET.SubElement(console, "target", type="serial", port="0")
    ET.SubElement(devices, "input", type="tablet", bus="usb")
    graphics = ET.SubElement(devices, "graphics", type="vnc", port="-1", autoport="yes")
    if vnc_password:
        graphics.set("passwd", vnc_password)
    if keymap:
        graphics.set("keymap", keymap)
    listen = ET.SubElement(graphics, "listen", type="address")
    if options.vnc_listen:
        listen.set("address", options.vnc_listen)
    ET.SubElement(ET.SubElement(devices, "video"), "model", type="vga")


def _guest_services(devices: ET.Element) -> None:
    channel = ET.SubElement(devices, "channel", type="unix")
    ET.SubElement(channel, "target", type="virtio", name="org.qemu.guest_agent.0")
    rng = ET.SubElement(devices, "rng", model="virtio")
    _text(rng, "backend", "/dev/urandom", model="random")
    balloon = ET.SubElement(devices, "memballoon", model="virtio")
    ET.SubElement(balloon, "stats", period=str(STATS_PERIOD_S))


def _text(parent: ET.Element, tag: str, value: object, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = str(value)
