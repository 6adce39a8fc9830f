"""Memory of each process of the portal, shared pages counted by their share (PSS)."""

import time
import urllib.error
import urllib.request
from pathlib import Path

from cloudstack.runtime.processes import free_port
from tests.bench.figures import Figure
from tests.bench.surroundings import process


def pss_mib(pid: int) -> float:
    """Proportional set size of one process in MiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def family(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += family(int(child))
    return found


def memory(folder: Path, worker: int) -> list[Figure]:
    """Web, workers, scheduler and watcher as they stand after start; the floor is a bare Python."""
    port = free_port("127.0.0.1", 18000)
    web = ["gunicorn", "-b", f"127.0.0.1:{port}", "-w", "1", "--threads", "4", "cloudstack.wsgi"]
    beat = ["celery", "-A", "cloudstack", "beat", "-l", "ERROR", "-s", str(folder / "beat"), "--pidfile="]
    watcher = ["django", "watch_hypervisors"]
    with (
        process(folder, "idle", "timeit", "-n1", "-r1", "__import__('time').sleep(60)") as idle,
        process(folder, "web", *web) as web_process,
        process(folder, "beat", *beat) as beat_process,
        process(folder, "watcher", *watcher) as watcher_process,
    ):
        _await_web(port)
        time.sleep(8)
        floor = pss_mib(_leaf(idle.pid))
        named = {"web": web_process.pid, "worker": worker, "beat": beat_process.pid, "watcher": watcher_process.pid}
        figures = []
        for name, pid in named.items():
            for number, member in enumerate(family(pid)):
                title = f"memory of {name}" + (f", process {number + 1}" if len(family(pid)) > 1 else "")
                figures.append(Figure(title, pss_mib(member), "MiB PSS", floor, "bare Python"))
        return figures


def _leaf(pid: int) -> int:
    return family(pid)[-1]


def _await_web(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the web process does not answer")
