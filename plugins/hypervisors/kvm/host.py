"""What a host has, and how it can run machines."""

from collections.abc import Mapping
from dataclasses import replace

import libvirt

from cloudstack.contracts.errors import InvalidSpec
from cloudstack.contracts.host import HostFacts, HostRef
from plugins.hypervisors.kvm import kvm_probe
from plugins.hypervisors.kvm.options import HostOptions
from plugins.hypervisors.kvm.parsing import parse

ABILITIES = ("live_migration", "disk_hotplug", "nic_hotplug", "statistics", "power_events")


def cpu_mhz(conn: libvirt.virConnect) -> int:
    """Speed of the host's CPUs; 0 when libvirt does not know it."""
    return int(conn.getInfo()[3])


def facts(conn: libvirt.virConnect, host: HostRef) -> HostFacts:
    """Facts by libvirt; the details ``cpus``, ``cpu_mhz`` and ``memory_mib`` of the host go before it.

    On some virtual hosts libvirt reads the memory wrongly; the host agent's figure, where there is
    one, is the better one.
    """
    architecture, memory_mib, cpus, mhz, nodes, sockets, *_ = conn.getInfo()
    return HostFacts(
        cpus=_number(host.details, "cpus", cpus),
        cpu_mhz=_number(host.details, "cpu_mhz", mhz) or 1000,
        memory_mib=_number(host.details, "memory_mib", memory_mib),
        hypervisor_version=f"{conn.getType()} {_version(conn.getVersion())}, libvirt {_version(conn.getLibVersion())}",
        architecture=architecture,
        hostname=conn.getHostname(),
        capabilities=(*ABILITIES, *(f"domain_type:{kind}" for kind in domain_types(conn))),
        # libvirt counts sockets per NUMA node
        cpu_sockets=nodes * sockets,
    )


def domain_types(conn: libvirt.virConnect) -> list[str]:
    """The kinds of machine that libvirt offers; an offer of KVM is no proof that a guest boots under it."""
    kinds = {element.get("type", "") for element in parse(conn.getCapabilities()).iterfind("guest/arch/domain")}
    return sorted(kinds - {""})


def _number(details: Mapping[str, str], name: str, otherwise: int) -> int:
    value = details.get(name)
    if value in (None, ""):
        return otherwise
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number < 1:
        raise InvalidSpec(f"host detail {name}: {value!r} is not a positive number")
    return number


def _version(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


def resolve_domain_type(conn: libvirt.virConnect, host: HostRef, options: HostOptions) -> HostOptions:
    """The options with ``auto`` decided: KVM where a kernel was seen to boot under it, else emulation."""
    if options.domain_type != "auto":
        return options
    return replace(options, domain_type="kvm" if kvm_probe.kvm_boots(conn, host, options) else "qemu")
