"""Gunicorn's settings with what they need of the platform: each process says that it is there."""

from typing import Any

from cloudstack import API_VERSION
from cloudstack.runtime.config import ends_with
from cloudstack.runtime.gunicorn_config import *  # noqa: F403

# Threads for requests, and an event loop for consoles.
worker_class = "cloudstack.composition.console_worker.WebWorker"


def post_worker_init(worker: Any) -> None:
    """In each process: the master that forks them must not have threads."""
    from cloudstack.framework.nodes.heartbeat import Heartbeat
    from cloudstack.framework.plugins.services import start_managers

    Heartbeat("web", pid=ends_with(worker.ppid), version=API_VERSION).start()
    start_managers("web")


def worker_exit(server: Any, worker: Any) -> None:
    """In each process, when it ends."""
    from cloudstack.framework.plugins.services import stop_managers

    stop_managers()
