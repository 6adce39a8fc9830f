"""One dnsmasq process: is it ours and alive, start, stop, read again."""

from __future__ import annotations

import os
import pwd
import signal
import time
from pathlib import Path

from cloudstack.agent.dhcp_folder import DhcpFolder
from cloudstack.agent.tools import run
from cloudstack.contracts.errors import DriverError

STOP_S = 3.0
LONGEST_LOG_BYTES = 1 << 20


def user() -> str:
    """The unprivileged account dnsmasq steps down to."""
    for name in ("dnsmasq", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return "root"


def running_pid(folder: DhcpFolder) -> int:
    """PID of this network's dnsmasq, or 0. The command line is compared: a stale file may name another's PID."""
    try:
        pid = int(folder.pid_file.read_text())
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return 0
    return pid if os.fsencode(_option(folder)) in argv else 0


def start(folder: DhcpFolder) -> None:
    """Start it; returns when it listens, with its own words as ``DriverError`` when it refuses."""
    run("ip", "netns", "exec", folder.namespace, "dnsmasq", _option(folder))
    if not running_pid(folder):
        raise DriverError(f"dnsmasq of network {folder.uuid} ended at once: {_last_words(folder)}")


def stop(folder: DhcpFolder) -> bool:
    """End it, whether or not it wants to; whether it ran."""
    pid = running_pid(folder)
    if not pid:
        return False
    for what in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + STOP_S
        while time.monotonic() < deadline and running_pid(folder):
            time.sleep(0.02)
        if not running_pid(folder):
            break
    folder.pid_file.unlink(missing_ok=True)
    return True


def reload(folder: DhcpFolder) -> None:
    """Have it read the cards and names again. New files it notices by itself, vanished ones only so."""
    pid = running_pid(folder)
    if pid:
        os.kill(pid, signal.SIGHUP)


def trim_log(folder: DhcpFolder) -> None:
    """Empty a log that has grown long; dnsmasq appends, so it goes on at the start."""
    try:
        if folder.log.stat().st_size > LONGEST_LOG_BYTES:
            os.truncate(folder.log, 0)
    except OSError:
        pass


def _option(folder: DhcpFolder) -> str:
    return f"--conf-file={folder.configuration}"


def _last_words(folder: DhcpFolder) -> str:
    try:
        return folder.log.read_text()[-300:].strip()
    except OSError:
        return "it left no log"
