"""How much the host has and how busy it is, as its kernel tells."""

from __future__ import annotations

import os
import re
import socket
import time
from pathlib import Path

from cloudstack.agent import __version__
from cloudstack.agent.tools import AgentContext
from cloudstack.contracts.agent import HostFactsAnswer, HostFactsQuery

# Where the kernel names no speed (ARM, some hypervisors), a round figure of a slow core promises too little rather
# than too much.
UNKNOWN_MHZ = 1000


def host_facts(context: AgentContext, query: HostFactsQuery) -> HostFactsAnswer:
    total, free = _memory_mib()
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
    )


def _memory_mib() -> tuple[int, int]:
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return tuple(int(fields[name].split()[0]) // 1024 for name in ("MemTotal", "MemAvailable"))  # type: ignore[return-value]


def _cpu_mhz(cpuinfo: str) -> int:
    speeds = [float(value) for value in re.findall(r"^cpu MHz\s*: ([0-9.]+)$", cpuinfo, re.MULTILINE)]
    return round(max(speeds)) if speeds else UNKNOWN_MHZ
