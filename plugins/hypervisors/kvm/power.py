"""Power off and restart: ask the guest in every way it may listen to, wait, cut."""

import logging
import time

import libvirt

from cloudstack.contracts.errors import DriverTimeout
from cloudstack.contracts.hypervisor import PowerState
from plugins.hypervisors.kvm.domains import agent_connected, power_of
from plugins.hypervisors.kvm.errors import NO_DOMAIN, OPERATION_INVALID, lost_connection

log = logging.getLogger(__name__)

POLL_S = 0.25
# A guest that still boots misses the power button, so it is pressed again.
ASK_AGAIN_S = 10.0
# Before its version 5.6 libvirt had no checkpoints and refuses their flag.
UNDEFINE_OLD = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
UNDEFINE_ALL = UNDEFINE_OLD | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
OFF = (PowerState.OFF, PowerState.ABSENT)


def boot(domain: libvirt.virDomain) -> None:
    """Let a defined machine boot afresh, not from a saved memory; fine when another worker was quicker."""
    if domain.hasManagedSaveImage(0):
        domain.managedSaveRemove(0)
    try:
        domain.create()
    except libvirt.libvirtError as error:
        if error.get_error_code() != OPERATION_INVALID or not domain.isActive():
            raise


def shut_down(domain: libvirt.virDomain, timeout_s: float) -> None:
    """Ask the guest to power off and wait; ``DriverTimeout`` when it still runs after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    ask_at = 0.0
    while power_of(domain) not in OFF:
        now = time.monotonic()
        if now >= deadline:
            raise DriverTimeout(f"the guest of {domain.name()} did not power off within {timeout_s:g} s")
        if now >= ask_at:
            ask_at = now + ASK_AGAIN_S
            _ask(domain)
        time.sleep(POLL_S)


def cut(domain: libvirt.virDomain) -> None:
    """Power off at once; fine when it is off or gone already."""
    try:
        domain.destroy()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in (OPERATION_INVALID, NO_DOMAIN):
            raise


def forget(domain: libvirt.virDomain) -> None:
    """Remove the definition of a machine that is off, with whatever libvirt keeps for it."""
    try:
        if not domain.isPersistent():
            return
        try:
            domain.undefineFlags(UNDEFINE_ALL)
        except libvirt.libvirtError as error:
            if "unsupported flags" not in (error.get_error_message() or ""):
                raise
            domain.undefineFlags(UNDEFINE_OLD)
    except libvirt.libvirtError as error:
        if error.get_error_code() != NO_DOMAIN:
            raise


def restart(domain: libvirt.virDomain, *, force: bool) -> None:
    """Restart the guest: by its agent or its power button, or by a reset with ``force``."""
    if force:
        domain.reset(0)
    elif agent_connected(domain):
        try:
            domain.reboot(libvirt.VIR_DOMAIN_REBOOT_GUEST_AGENT)
        except libvirt.libvirtError as error:
            if lost_connection(error):
                raise
            log.info("%s: the guest agent did not restart it (%s), pressing its power button", domain.name(), error)
            domain.reboot(libvirt.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN)
    else:
        domain.reboot(libvirt.VIR_DOMAIN_REBOOT_DEFAULT)


def _ask(domain: libvirt.virDomain) -> None:
    """Press the power button, and ask the guest agent when it is there."""
    ways = [libvirt.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT] if agent_connected(domain) else []
    for way in [*ways, libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN]:
        try:
            domain.shutdownFlags(way)
            return
        except libvirt.libvirtError as error:
            if lost_connection(error):
                raise
            if error.get_error_code() in (OPERATION_INVALID, NO_DOMAIN):
                return  # it went off in between; the caller looks again
            log.info("%s: shutdown request refused: %s", domain.name(), error)
