"""Counters of all machines of a host in one request."""

from collections.abc import Mapping
from typing import Any

import libvirt

from cloudstack.contracts.hypervisor import VmStatistics
from plugins.hypervisors.kvm.domains import is_ours

KIB_PER_MIB = 1024
WANTED = (
    libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)
# A machine that is busy with a job answers with what it has instead of holding up all others.
HOW = libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT


def read(conn: libvirt.virConnect) -> dict[str, VmStatistics]:
    """Counters by machine UUID, of running machines of ours."""
    return {
        domain.UUIDString(): vm_statistics(domain.UUIDString(), record)
        for domain, record in conn.getAllDomainStats(WANTED, HOW)
        if is_ours(domain)
    }


def vm_statistics(uuid: str, record: Mapping[str, Any]) -> VmStatistics:
    """One machine's counters from libvirt's flat record."""
    return VmStatistics(
        uuid=uuid,
        cpu_time_ns=int(record.get("cpu.time", 0)),
        memory_used_mib=_memory_used_mib(record),
        net_rx_bytes=_total(record, "net", "rx.bytes"),
        net_tx_bytes=_total(record, "net", "tx.bytes"),
        disk_read_bytes=_total(record, "block", "rd.bytes"),
        disk_write_bytes=_total(record, "block", "wr.bytes"),
        disk_read_ops=_total(record, "block", "rd.reqs"),
        disk_write_ops=_total(record, "block", "wr.reqs"),
    )


def _memory_used_mib(record: Mapping[str, Any]) -> int:
    """What the guest uses by its balloon's report; without one, all that it was given."""
    available = record.get("balloon.available")
    free = record.get("balloon.usable", record.get("balloon.unused"))
    if available is not None and free is not None:
        return max(0, int(available) - int(free)) // KIB_PER_MIB
    return int(record.get("balloon.current", 0)) // KIB_PER_MIB


def _total(record: Mapping[str, Any], group: str, field: str) -> int:
    return sum(int(record.get(f"{group}.{i}.{field}", 0)) for i in range(int(record.get(f"{group}.count", 0))))
