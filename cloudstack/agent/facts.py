"""How much the host has and how busy it is, as its kernel tells."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cloudstack.agent import __version__
from cloudstack.agent.tools import AgentContext
from cloudstack.contracts.agent import HostFactsAnswer, HostFactsQuery

# Where the kernel names no speed (ARM, some hypervisors), a round figure of a slow core promises too little rather
# than too much.
UNKNOWN_MHZ = 1000


def host_facts(context: AgentContext, query: HostFactsQuery) -> HostFactsAnswer:
    total, free = _memory_mib()
    received, sent = traffic(Path("/proc/net/dev").read_text(), physical=_has_hardware)
    if context.memory_mib:
        total = min(total, context.memory_mib)
    return HostFactsAnswer(
        hostname=socket.gethostname(),
        memory_total_mib=total,
        memory_free_mib=min(total, free),
        cpus=len(os.sched_getaffinity(0)),
        cpu_mhz=_cpu_mhz(Path("/proc/cpuinfo").read_text()),
        load_1m=round(os.getloadavg()[0], 2),
        agent_version=__version__,
        uptime_s=round(time.monotonic() - context.started, 1),
        cpu_used_percent=_busy.since_last(Path("/proc/stat").read_text()),
        network_rx_bytes=received,
        network_tx_bytes=sent,
    )


class BusyShare:
    """How much of the processors' time was used between two looks at the kernel's counters."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[int, int] | None = None

    def since_last(self, stat: str) -> float | None:
        """Percent of all cores; None at the first look, and when no time has passed."""
        # user nice system idle iowait irq softirq steal; guests' time is in user already
        ticks = [int(value) for value in stat.split("\n", 1)[0].split()[1:9]]
        total, idle = sum(ticks), ticks[3] + ticks[4]
        with self._lock:
            last, self._last = self._last, (total, idle)
        if last is None or total <= last[0]:
            return None
        return round(100 * (1 - (idle - last[1]) / (total - last[0])), 2)


_busy = BusyShare()


def traffic(devices: str, physical: Callable[[str], bool]) -> tuple[int, int]:
    """Bytes received and sent by the links that ``physical`` names; guests' traffic passes these as well."""
    received = sent = 0
    for line in devices.splitlines():
        name, colon, numbers = line.partition(":")
        if colon and physical(name.strip()):
            values = numbers.split()
            received, sent = received + int(values[0]), sent + int(values[8])
    return received, sent


def _has_hardware(link: str) -> bool:
    return Path("/sys/class/net", link, "device").exists()


def _memory_mib() -> tuple[int, int]:
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return tuple(int(fields[name].split()[0]) // 1024 for name in ("MemTotal", "MemAvailable"))  # type: ignore[return-value]


def _cpu_mhz(cpuinfo: str) -> int:
    speeds = [float(value) for value in re.findall(r"^cpu MHz\s*: ([0-9.]+)$", cpuinfo, re.MULTILINE)]
    return round(max(speeds)) if speeds else UNKNOWN_MHZ
