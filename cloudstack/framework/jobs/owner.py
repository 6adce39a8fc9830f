"""Who a worker process is, and whether a worker of this machine is still alive."""

import os
import socket
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def machine() -> str:
    """This machine since it booted, including the process namespace that the worker lives in."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        boot, namespace = "", ""
    return f"{socket.gethostname()}/{boot}/{namespace}"


def _started(pid: int) -> str:
    """Start time of a process in clock ticks; it tells a reused process id from the old one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def me() -> str:
    """Name of this process as the owner of jobs."""
    pid = os.getpid()
    return f"{machine()}#{pid}#{_started(pid)}"


def is_dead(owner: str) -> bool:
    """True only when ``owner`` ran on this machine and certainly runs no more."""
    where, _, rest = owner.partition("#")
    pid, _, started = rest.partition("#")
    if where != machine() or not pid.isdigit() or not started:
        return False
    now = _started(int(pid))
    return now != started and (now != "" or _is_gone(int(pid)))


def _is_gone(pid: int) -> bool:
    """Whether the process is over; one that merely hides its status from this user is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return True  # a zombie answers
