"""What the system says of the machine that this process runs on. Sources: os, platform, and Linux's /proc."""

import os
import platform
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KIB = 1024


def lasting() -> dict[str, Any]:
    """Columns of a management server that stay as they are while a program runs."""
    return {
        "address": _address(),
        "os": _distribution(),
        "kernel": platform.release(),
        "booted": _booted(),
    }


def passing() -> dict[str, Any]:
    """Figures of this moment: processors, load averages and their share of the processors, memory in bytes."""
    memory = _memory()
    cpus = os.cpu_count() or 1
    loads = [round(load, 2) for load in os.getloadavg()]
    return {
        "cpus": cpus,
        "loads": loads,
        "cpu_share": round(min(1.0, loads[0] / cpus), 4),
        "memory": memory.get("MemTotal", 0),
        "memory_free": memory.get("MemAvailable", 0),
    }


def _memory() -> dict[str, int]:
    """Name → bytes, see proc_meminfo(5)."""
    found = {}
    for line in _read("/proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        number = rest.split()
        if number and number[0].isdigit():
            found[name] = int(number[0]) * KIB
    return found


def _booted() -> datetime | None:
    """See btime in proc_stat(5)."""
    for line in _read("/proc/stat").splitlines():
        if line.startswith("btime "):
            return datetime.fromtimestamp(int(line.split()[1]), UTC)
    return None


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.system()


def _address() -> str:
    """The address that this machine would use towards the outside; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
