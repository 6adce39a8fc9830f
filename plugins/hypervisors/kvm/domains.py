"""Machines on a host as libvirt knows them: find them, tell ours from others, read their power."""

import xml.etree.ElementTree as ET

import libvirt

from cloudstack.contracts.errors import NotFound
from cloudstack.contracts.hypervisor import PowerState
from plugins.hypervisors.kvm.domain_xml import NAMESPACE
from plugins.hypervisors.kvm.errors import NO_DOMAIN, UNSUPPORTED
from plugins.hypervisors.kvm.parsing import parse
from plugins.hypervisors.kvm.rules import canonical_uuid

POWER = {
    libvirt.VIR_DOMAIN_NOSTATE: PowerState.ON,
    libvirt.VIR_DOMAIN_RUNNING: PowerState.ON,
    libvirt.VIR_DOMAIN_BLOCKED: PowerState.ON,
    libvirt.VIR_DOMAIN_PAUSED: PowerState.PAUSED,
    # The guest is on its way down; it holds its resources until it is off.
    libvirt.VIR_DOMAIN_SHUTDOWN: PowerState.ON,
    libvirt.VIR_DOMAIN_SHUTOFF: PowerState.OFF,
    libvirt.VIR_DOMAIN_CRASHED: PowerState.OFF,
    libvirt.VIR_DOMAIN_PMSUSPENDED: PowerState.PAUSED,
}


def find_domain(conn: libvirt.virConnect, uuid: str) -> libvirt.virDomain | None:
    """The machine of this UUID, running or not; None when the host does not know it."""
    try:
        return conn.lookupByUUIDString(canonical_uuid(uuid, "machine"))
    except libvirt.libvirtError as error:
        if error.get_error_code() == NO_DOMAIN:
            return None
        raise


def running_domain(conn: libvirt.virConnect, uuid: str) -> libvirt.virDomain:
    """The machine of this UUID, which must run; ``NotFound`` otherwise."""
    domain = find_domain(conn, uuid)
    if domain is None or not domain.isActive():
        raise NotFound(f"machine {uuid} is not running on {conn.getHostname()}")
    return domain


def power_of(domain: libvirt.virDomain) -> PowerState:
    """Its power now; ``ABSENT`` when it vanishes while it is being looked at."""
    try:
        return POWER.get(domain.state()[0], PowerState.ON)
    except libvirt.libvirtError as error:
        if error.get_error_code() == NO_DOMAIN:
            return PowerState.ABSENT
        raise


def is_ours(domain: libvirt.virDomain) -> bool:
    """True for a machine that this driver defined: it carries our mark in its metadata."""
    try:
        domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE, 0)
        return True
    except libvirt.libvirtError as error:
        code = error.get_error_code()
        if code in UNSUPPORTED:
            return parse(domain.XMLDesc(0)).find(f"metadata/{{{NAMESPACE}}}machine") is not None
        if code in (libvirt.VIR_ERR_NO_DOMAIN_METADATA, NO_DOMAIN):
            return False
        raise


def our_domains(conn: libvirt.virConnect) -> list[libvirt.virDomain]:
    """All machines of ours on the host, running or not."""
    return [domain for domain in conn.listAllDomains(0) if is_ours(domain)]


def live_definition(domain: libvirt.virDomain) -> ET.Element:
    """The definition of a running machine as it is now, or of one that is off."""
    return parse(domain.XMLDesc(0))


def stored_definition(domain: libvirt.virDomain) -> ET.Element:
    """The definition with which a machine would start next time."""
    return parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))


def agent_connected(domain: libvirt.virDomain) -> bool:
    """True when the guest agent inside the running machine has opened its channel."""
    for channel in live_definition(domain).iterfind("devices/channel/target"):
        if channel.get("name") == "org.qemu.guest_agent.0":
            return channel.get("state") == "connected"
    return False
