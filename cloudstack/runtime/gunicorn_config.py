"""Gunicorn's settings: a few processes with threads, loaded once and forked."""

import os
import signal
from pathlib import Path
from typing import Any

bind = os.environ.get("GUNICORN_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = int(os.environ.get("WEB_THREADS") or 8)
worker_class = "gthread"
# The application is imported once and its memory shared by the processes.
preload_app = True
timeout = 60
graceful_timeout = 3
keepalive = 5
# A file that is touched instead of a heartbeat on a disk that may be slow.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108
# Leaks of libraries do not add up for ever; jitter keeps the processes from leaving together.
max_requests = 50_000
max_requests_jitter = 5_000
limit_request_line = 8190
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
errorlog = "-"
accesslog = None
control_socket_disable = True


def _share_metrics(folder: Path) -> None:
    """The processes count into files there, so that /metrics answers for all of them whichever is asked.

    Must be done before anything imports the library that counts. What processes that are gone counted is forgotten.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        pid = file.stem.rpartition("_")[2]
        if not (pid.isdecimal() and Path("/proc", pid).exists()):
            file.unlink(missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


if os.environ.get("CLOUDSTACK_DATA"):
    _share_metrics(Path(os.environ["CLOUDSTACK_DATA"], "run", "metrics"))


def post_fork(server: Any, worker: Any) -> None:
    """A web process does not outlive its master, and shares no database connection with it."""
    from django.db import connections

    from cloudstack.runtime.collector import settle
    from cloudstack.runtime.tether import die_with_parent

    die_with_parent(signal.SIGTERM, expected_parent=worker.ppid)
    connections.close_all()
    settle()


def child_exit(server: Any, worker: Any) -> None:
    """Gauges of a process that is gone do not count any more."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
