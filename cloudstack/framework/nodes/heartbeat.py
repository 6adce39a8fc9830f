"""A program's sign of life, and its ear for what operators wish of its machine."""

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any, Literal

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from cloudstack.framework.nodes import drain, facts
from cloudstack.framework.nodes.models import HEARTBEAT_S, ManagementServer, Wish

log = logging.getLogger(__name__)

Program = Literal["web", "worker"]

_connected = threading.RLock()
"""Held while a heartbeat has its connection. A process that a worker forks meanwhile would take SQLite's memory of
locks along, and believe for ever that somebody in it holds the database."""
os.register_at_fork(before=_connected.acquire, after_in_parent=_connected.release, after_in_child=_connected.release)


class Heartbeat:
    """Beats in a thread of its own until the process ends.

    ``pid`` is the process that is ended when a shutdown of the machine was triggered. ``on_change`` is called, in the
    thread, when the machine stops taking work and when it takes work again.
    """

    def __init__(
        self,
        program: Program,
        *,
        pid: int,
        version: str,
        on_change: Callable[[bool], None] = lambda draining: None,
    ):
        self.program: Program = program
        self.pid = pid
        self.version = version
        self.on_change = on_change
        self._told = False
        self._facts: dict[str, Any] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{self.program}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=HEARTBEAT_S)

    def _run(self) -> None:
        while True:
            with _connected:
                try:
                    self.beat()
                except (DatabaseError, InterfaceError) as error:
                    log.warning("heartbeat of %s: %s", socket.gethostname(), str(error).partition("\n")[0])
                finally:
                    connection.close()
            if self._stop.wait(HEARTBEAT_S):
                return

    def beat(self) -> None:
        """Write that the program is there, and do what is wished of its machine."""
        server = self._written()
        draining = server.wish != Wish.RUN
        drain.set_draining(draining)
        if draining != self._told:
            log.info("management server %s takes %s", server, "no more work" if draining else "work again")
            self.on_change(draining)
            self._told = draining
        if server.shutdown_triggered is not None:
            self._end()

    @transaction.atomic
    def _written(self) -> ManagementServer:
        now, name = timezone.now(), socket.gethostname()
        ManagementServer.objects.get_or_create(name=name)
        server = ManagementServer.objects.select_for_update(no_key=True).get(name=name)
        changes: dict[str, Any] = {f"{self.program}_seen": now}
        if self.program == "worker":
            changes["figures"] = facts.passing()
        if not self._facts:
            self._facts = {"version": self.version, **facts.lasting()}
            changes |= self._facts
        if not server.is_alive(now):
            changes |= {"started": now, "stopped": server.seen}
        if server.shutdown_triggered is not None and server.shutdown_triggered < drain.BEGUN:
            # What was ended has been started again.
            changes |= {"shutdown_triggered": None, "wish": Wish.RUN}
        for column, value in changes.items():
            setattr(server, column, value)
        server.save(update_fields=list(changes))
        return server

    def _end(self) -> None:
        """Celery ends after its running jobs, the web server after its running requests."""
        log.info("a shutdown of %s was triggered", socket.gethostname())
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
