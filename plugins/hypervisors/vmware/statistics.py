"""What machines used lately, by vCenter's PerformanceManager: one question for all machines of a host."""

import math
from collections.abc import Mapping
from typing import Any

from pyVmomi import vim

from cloudstack.contracts.hypervisor import VmStatistics
from plugins.hypervisors.vmware import machines
from plugins.hypervisors.vmware.vcenter import VCenter

INTERVAL_S = 20
"""Of vSphere's real-time figures, which are kept for an hour."""
MOST_SAMPLES = 180
KIB, MS = 1024, 1_000_000
COUNTERS = {
    "cpu.used.summation": ("cpu_time_ns", MS),
    "net.received.average": ("net_rx_bytes", KIB * INTERVAL_S),
    "net.transmitted.average": ("net_tx_bytes", KIB * INTERVAL_S),
    "disk.read.average": ("disk_read_bytes", KIB * INTERVAL_S),
    "disk.write.average": ("disk_write_bytes", KIB * INTERVAL_S),
    "disk.numberRead.summation": ("disk_read_ops", 1),
    "disk.numberWrite.summation": ("disk_write_ops", 1),
}
"""vSphere's counter to our figure, and what one sample of it is worth."""
MEMORY = "mem.consumed.average"


def recent(vc: VCenter, seconds: float) -> Mapping[str, VmStatistics]:
    known = vc.once("counters", lambda: _counters(vc))
    paths = [*machines.STATES, "config.hardware.memoryMB"]
    found = vc.related(vc.host, "vm", vim.VirtualMachine, paths)
    running = {vm: told for vm, told in found.items() if told.get("runtime.powerState") == machines.ON}
    samples = max(1, min(MOST_SAMPLES, math.ceil(seconds / INTERVAL_S)))
    metrics = [vim.PerformanceManager.MetricId(counterId=key, instance="") for key in known]
    specs = [
        vim.PerformanceManager.QuerySpec(entity=vm, metricId=metrics, intervalId=INTERVAL_S, maxSample=samples)
        for vm, told in running.items()
        if machines.state_in(told)
    ]
    answers = vc.content.perfManager.QueryPerf(specs) if specs and metrics else []
    told_of = {answer.entity: _figures(answer, known) for answer in answers}
    return {
        told["config.instanceUuid"]: _statistics(told, told_of.get(vm, {}))
        for vm, told in running.items()
        if machines.state_in(told)
    }


def _counters(vc: VCenter) -> dict[int, str]:
    """Numbers of the counters, which every vCenter gives anew."""
    wanted = {*COUNTERS, MEMORY}
    found = vc.one(vc.content.perfManager, "perfCounter") or ()
    names = {one.key: f"{one.groupInfo.key}.{one.nameInfo.key}.{one.rollupType}" for one in found}
    return {key: name for key, name in names.items() if name in wanted}


def _figures(answer: Any, known: Mapping[int, str]) -> dict[str, list[int]]:
    # A sample that vSphere has not got is -1.
    return {known[one.id.counterId]: [value for value in one.value if value >= 0] for one in answer.value}


def _statistics(told: Mapping[str, Any], figures: Mapping[str, list[int]]) -> VmStatistics:
    used = {field: sum(figures.get(name, ())) * worth for name, (field, worth) in COUNTERS.items()}
    memory = (figures.get(MEMORY) or [0])[-1] // KIB
    return VmStatistics(
        uuid=told["config.instanceUuid"],
        memory_used_mib=min(memory, told.get("config.hardware.memoryMB") or 0),
        **used,
    )
