"""libvirt's event loop in a thread: it answers keepalives, notices dead connections and delivers events."""

import logging
import os
import threading

import libvirt

log = logging.getLogger(__name__)


class EventLoop:
    """The loop of this process; started with the first connection, ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid: int | None = None

    def ensure(self) -> bool:
        """Start the loop when it does not run; False where it cannot run.

        A process forked after its parent began the loop shares the parent's wake-up descriptor and
        cannot have a loop of its own. Celery's workers fork before their first connection.
        """
        with self._lock:
            if self._pid == os.getpid():
                return True
            if self._pid is not None:
                log.warning("libvirt events are off: this process was forked after its parent had begun the loop")
                return False
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=self._run, name="libvirt-events", daemon=True).start()
            self._pid = os.getpid()
            return True

    def forget_lock(self) -> None:
        """After a fork: the lock may have been held by a thread that is not here any more."""
        self._lock = threading.Lock()

    @staticmethod
    def _run() -> None:
        while True:
            try:
                libvirt.virEventRunDefaultImpl()
            except libvirt.libvirtError as error:
                log.error("libvirt event loop: %s", error)


event_loop = EventLoop()
os.register_at_fork(after_in_child=event_loop.forget_lock)
