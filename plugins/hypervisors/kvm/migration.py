"""Live migration between two hosts that see the same storage."""

import logging
import threading
import time
import xml.etree.ElementTree as ET
from typing import Any

import libvirt

from cloudstack.contracts.errors import DriverError, DriverTimeout, InvalidSpec, NotFound
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import VmSpec
from plugins.hypervisors.kvm.device_xml import SEED_SERIAL, find_nic
from plugins.hypervisors.kvm.domain_xml import HostPaths
from plugins.hypervisors.kvm.domains import find_domain
from plugins.hypervisors.kvm.errors import NO_DOMAIN, OPERATION_INVALID
from plugins.hypervisors.kvm.options import COHERENT_CACHES, HostOptions, flag
from plugins.hypervisors.kvm.parsing import parse
from plugins.hypervisors.kvm.power import forget

log = logging.getLogger(__name__)

SHARED_POOL_TYPES = frozenset({"SharedMountPoint"})
ABORT_WAIT_S = 30.0
POLL_S = 0.25


def migrate(
    source: libvirt.virConnect,
    destination: libvirt.virConnect,
    paths: HostPaths,
    spec: VmSpec,
    origin: HostRef,
    target: HostRef,
    timeout_s: float,
) -> None:
    """Move the running machine; ``paths`` are those of its files on the target.

    Fine when it has moved already. When it returns, the source does not know the machine any more.
    """
    deadline = time.monotonic() + timeout_s
    domain = find_domain(source, spec.uuid)
    if domain is not None and domain.isActive():
        _wait_for_other_move(domain, deadline)
    if domain is None or not domain.isActive():
        _expect_moved(domain, destination, spec, origin, target)
        return
    flags = migration_flags(spec, origin, target)
    parameters = _parameters(domain, paths, spec, target)
    _run(domain, destination, parameters, flags, target, deadline)
    _expect_moved(find_domain(source, spec.uuid), destination, spec, origin, target)


def migration_flags(spec: VmSpec, origin: HostRef, target: HostRef) -> int:
    """libvirt's flags for this move; ``InvalidSpec`` when the target cannot see the disks."""
    local = sorted(disk.path for disk in spec.disks if disk.pool_type not in SHARED_POOL_TYPES)
    if local:
        raise InvalidSpec(f"{spec.name} cannot move to {target.name}: {', '.join(local)} is on a local disk")
    flags = (
        libvirt.VIR_MIGRATE_LIVE
        | libvirt.VIR_MIGRATE_PERSIST_DEST
        | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
        | libvirt.VIR_MIGRATE_AUTO_CONVERGE
    )
    usual = HostOptions.from_details(origin.details).cache
    coherent = all((disk.cache or usual) in COHERENT_CACHES for disk in spec.disks if disk.format != "iso")
    if coherent or flag(origin.details, "migration_unsafe"):
        # libvirt knows a few network file systems by name and calls all others unsafe. The operator said
        # that this directory is shared; past the page cache that is enough.
        flags |= libvirt.VIR_MIGRATE_UNSAFE
    if peer_uri(target):
        flags |= libvirt.VIR_MIGRATE_PEER2PEER
    if flag(target.details, "migration_tls"):
        flags |= libvirt.VIR_MIGRATE_TLS
    return flags


def peer_uri(target: HostRef) -> str:
    """Where the source's libvirt reaches the target's, when the two shall arrange the move between themselves.

    By ``libvirt_migrate_uri``, or by a ``migration_uri`` that is libvirt's and not QEMU's.
    """
    for name in ("libvirt_migrate_uri", "migration_uri"):
        uri = target.details.get(name, "")
        if uri.startswith("qemu"):
            return uri
    return ""


def migration_xml(current: str, spec: VmSpec, target: HostRef, paths: HostPaths) -> str:
    """The running machine's definition with what is different on the target: files, bridges, VNC address."""
    domain = parse(current)
    for disk in domain.iterfind("devices/disk"):
        location = disk.find("source")
        if disk.findtext("serial") == SEED_SERIAL and location is not None and paths.seed:
            location.set("file", paths.seed)
    for log_file in (*domain.iterfind("devices/serial/log"), *domain.iterfind("devices/console/log")):
        log_file.set("file", paths.console_log)
    for nic in spec.nics:
        element = find_nic(domain, nic)
        bridge = element.find("source") if element is not None else None
        if bridge is not None:
            bridge.set("bridge", nic.bridge)
    _set_vnc_address(domain, HostOptions.from_details(target.details).vnc_listen)
    return ET.tostring(domain, encoding="unicode")


def _set_vnc_address(domain: ET.Element, address: str) -> None:
    """The console listens where the target says; without a word from it, where the target's libvirt says."""
    for graphics in domain.iterfind("devices/graphics"):
        for element in (graphics, *graphics.iterfind("listen")):
            name = "listen" if element is graphics else "address"
            element.attrib.pop(name, None)
            if address:
                element.set(name, address)


def _parameters(domain: libvirt.virDomain, paths: HostPaths, spec: VmSpec, target: HostRef) -> dict[str, Any]:
    visible = libvirt.VIR_DOMAIN_XML_MIGRATABLE | libvirt.VIR_DOMAIN_XML_SECURE
    stored = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
    parameters = {
        libvirt.VIR_MIGRATE_PARAM_DEST_XML: migration_xml(domain.XMLDesc(visible), spec, target, paths),
        libvirt.VIR_MIGRATE_PARAM_PERSIST_XML: migration_xml(domain.XMLDesc(stored), spec, target, paths),
    }
    data_uri = target.details.get("migration_uri", "")
    if data_uri and data_uri != peer_uri(target):
        parameters[libvirt.VIR_MIGRATE_PARAM_URI] = data_uri
    return parameters


def _run(
    domain: libvirt.virDomain,
    destination: libvirt.virConnect,
    parameters: dict[str, Any],
    flags: int,
    target: HostRef,
    deadline: float,
) -> None:
    """Let libvirt move the machine in a thread of its own, and call it off at the deadline."""
    failures: list[Exception] = []

    def work() -> None:
        try:
            if flags & libvirt.VIR_MIGRATE_PEER2PEER:
                domain.migrateToURI3(peer_uri(target), parameters, flags)
            else:
                domain.migrate3(destination, parameters, flags)
        except Exception as error:
            failures.append(error)

    name = domain.name()
    thread = threading.Thread(target=work, name=f"migrate-{name}", daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    called_off = thread.is_alive()
    if called_off:
        _call_off(domain)
        thread.join(ABORT_WAIT_S)
    if thread.is_alive():
        raise DriverTimeout(f"the move of {name} to {target.name} neither ends nor can be called off")
    if failures and called_off:
        raise DriverTimeout(f"{name} did not reach {target.name} in time and stays where it is") from failures[0]
    if failures:
        raise failures[0]


def _call_off(domain: libvirt.virDomain) -> None:
    try:
        domain.abortJob()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in (OPERATION_INVALID, NO_DOMAIN):
            raise  # else there is no move any more: it ended at the last moment


def _wait_for_other_move(domain: libvirt.virDomain, deadline: float) -> None:
    """A move begun by a worker that is gone may still go on; wait for its end."""
    while domain.isActive():
        try:
            job = domain.jobStats()
        except libvirt.libvirtError as error:
            if error.get_error_code() in (OPERATION_INVALID, NO_DOMAIN):
                return
            raise
        if job.get("operation") != libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT:
            return
        if time.monotonic() > deadline:
            raise DriverTimeout(f"{domain.name()} is still being moved by an earlier request")
        time.sleep(POLL_S)


def _expect_moved(
    left: libvirt.virDomain | None,
    destination: libvirt.virConnect,
    spec: VmSpec,
    origin: HostRef,
    target: HostRef,
) -> None:
    """The machine must run on the target and not on the source, where a remaining definition is removed."""
    arrived = find_domain(destination, spec.uuid)
    if arrived is None or not arrived.isActive():
        raise NotFound(f"{spec.name} runs neither on {origin.name} nor on {target.name}")
    state, reason = arrived.state()
    if state == libvirt.VIR_DOMAIN_PAUSED and reason == libvirt.VIR_DOMAIN_PAUSED_MIGRATION:
        raise DriverError(f"{spec.name} is still arriving on {target.name}", retryable=True)
    if left is not None:
        if left.isActive():
            raise DriverError(f"{spec.name} runs on {target.name} and on {origin.name} too")
        forget(left)
