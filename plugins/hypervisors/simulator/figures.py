"""What simulated hosts and machines tell of themselves: arithmetic, and no statement."""

from collections.abc import Mapping
from datetime import datetime
from math import cos, tau

from cloudstack.contracts.host import HostFacts, HostLoad, HostRef
from cloudstack.contracts.hypervisor import VmStatistics
from plugins.hypervisors.simulator.models import SimulatedVm

DEFAULTS = {"cpus": 16, "cpu_mhz": 2000, "memory_mib": 65536}
VERSION = "simulator 1.0"
WAVE_S = 1800.0
"""A machine is busy and idle in turn, within so many seconds."""
NEEDED = ("vm_uuid", "host_uuid", "cpus", "memory_mib", "since")
"""Columns of a machine that its figures are made of."""


def facts(host: HostRef, known: Mapping[str, int] | None) -> HostFacts:
    """``known`` of the host's own row; without one its details count, and then the defaults."""
    told = {name: int(host.details[name]) for name in DEFAULTS if host.details.get(name)}
    return HostFacts(
        **(known or {**DEFAULTS, **told}),
        hypervisor_version=VERSION,
        hostname=host.name,
        capabilities=("hvm", "live-migration", "hotplug"),
        cpu_sockets=1,
    )


def load(known: HostFacts, cpus: int, memory_mib: int) -> HostLoad:
    """Each running guest uses half of its CPUs and three quarters of its memory."""
    return HostLoad(
        cpu_used_percent=round(min(50 * cpus / known.cpus, 100), 2),
        memory_used_mib=min(memory_mib * 3 // 4, known.memory_mib),
        load_average=cpus / 2,
        network_rx_bytes=0,
        network_tx_bytes=0,
    )


def of_machine(vm: SimulatedVm, now: datetime) -> VmStatistics:
    """Figures that only grow, now faster and now slower, other ones for each machine."""
    pace = 1 + vm.pk % 7
    age_s = max((now - vm.since).total_seconds(), 0.0)
    phase = tau * (vm.pk % 5) / 5
    # From half to one and a half times the usual speed.
    worked_s = age_s + WAVE_S / tau / 2 * (cos(phase) - cos(tau * age_s / WAVE_S + phase))
    return VmStatistics(
        uuid=str(vm.vm_uuid),
        cpu_time_ns=int(worked_s * 1e9 * vm.cpus * pace / 20),
        memory_used_mib=vm.memory_mib * (3 + pace) // 12,
        net_rx_bytes=int(worked_s * 4096 * pace),
        net_tx_bytes=int(worked_s * 2048 * pace),
        disk_read_bytes=int(worked_s * 1024 * pace),
        disk_write_bytes=int(worked_s * 8192 * pace),
        disk_read_ops=int(worked_s * pace / 4),
        disk_write_ops=int(worked_s * pace * 2),
    )
