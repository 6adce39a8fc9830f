"""Finding and ending the processes of an installation by the marker in their environment; free ports."""

import errno
import os
import signal
import socket
import time
from pathlib import Path

from cloudstack.runtime.config import MARKER


def marked(data: Path) -> list[int]:
    """Pids of the living processes that belong to the installation in ``data``, without this one."""
    wanted = f"{MARKER}={data}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
            if wanted in environment.split(b"\0") and not _is_zombie(entry):
                found.append(int(entry.name))
        except OSError:
            continue  # gone meanwhile, or another user's
    return found


def _is_zombie(entry: Path) -> bool:
    return (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"


def name_of(pid: int) -> str:
    """The command line of ``pid``, shortened; empty when it is gone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return b" ".join(words).decode(errors="replace").strip()[:120]


def end_marked(data: Path, *, patience_s: float) -> list[int]:
    """End what is left of the installation in ``data``: SIGTERM, and SIGKILL after ``patience_s`` seconds.

    Answers the pids that were there. The supervisor, being asked first, takes its children down in order.
    """
    left = marked(data)
    if not left:
        return []
    first = [pid for pid in left if "supervisord" in name_of(pid)] or left
    _signal(first, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and marked(data):
        time.sleep(0.05)
    for _ in range(20):
        rest = marked(data)
        if not rest:
            break
        _signal(rest, signal.SIGKILL)
        time.sleep(0.05)
    return left


def _signal(pids: list[int], signum: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            continue


def port_problem(host: str, port: int) -> str | None:
    """Why nothing can listen on ``host``:``port`` now, as a sentence; None when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"port {port} on {host} is already in use"
            return f"cannot listen on {host}:{port}: {error.strerror or error}"
        except OverflowError:
            return f"{port} is no port"
    return None


def free_port(host: str, first: int) -> int:
    """The first port from ``first`` on that nothing listens on. Raises ``OSError`` after 200 tries."""
    for port in range(first, first + 200):
        if port_problem(host, port) is None:
            return port
    raise OSError(f"no free port on {host} from {first} to {first + 199}")
