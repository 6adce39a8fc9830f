"""Power changes as they happen: one thread listens to a vCenter for all of its hosts, nothing is asked one by one.

vCenter's property collector tells the first state of all machines in one answer, then changes only.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pyVmomi import vim

from cloudstack.contracts.errors import DriverError, DriverUnavailable
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import PowerState
from plugins.hypervisors.vmware import machines
from plugins.hypervisors.vmware.vcenter import VCenter, login_of, vcenter

LOOK_UP_S = 1.0
LISTEN_S = 10
"""How long vCenter may hold an answer back: so long a listener lives on after the last host has gone."""
PATHS = [*machines.STATES, "runtime.host"]

Change = tuple[str, PowerState]


class Listener:
    """Who listens to one vCenter, and the hosts that want to hear."""

    def __init__(self) -> None:
        self.hosts: dict[str, queue.SimpleQueue[Change | DriverError]] = {}
        """Host (as vCenter calls it) to what has happened there and was not reported yet."""
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None

    def subscribe(self, ref: HostRef, host: str) -> "queue.SimpleQueue[Change | DriverError]":
        changes: queue.SimpleQueue[Change | DriverError] = queue.SimpleQueue()
        with self.lock:
            self.hosts[host] = changes
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._listen, args=(ref,), name="vcenter-power", daemon=True)
                self.thread.start()
        return changes

    def leave(self, host: str, changes: "queue.SimpleQueue[Change | DriverError]") -> None:
        with self.lock:
            if self.hosts.get(host) is changes:
                del self.hosts[host]

    def _listen(self, ref: HostRef) -> None:
        try:
            with vcenter(ref, "watch power") as vc:
                for host, uuid, state in power_changes(vc, self._is_wanted):
                    with self.lock:
                        wanted = self.hosts.get(host)
                    if wanted is not None:
                        wanted.put((uuid, state))
        except DriverError as error:
            self._fail(error)
        except Exception as error:
            self._fail(DriverUnavailable(f"{ref.name}: watching power ended: {error}"))

    def _fail(self, error: DriverError) -> None:
        with self.lock:
            hosts, self.hosts = self.hosts, {}
        for changes in hosts.values():
            changes.put(error)

    def _is_wanted(self) -> bool:
        with self.lock:
            if not self.hosts:
                # Nobody may come in between this look and the end: who subscribes starts another thread.
                self.thread = None
            return bool(self.hosts)


_listeners: dict[Any, Listener] = {}
_lock = threading.Lock()


def watch(ref: HostRef, report: Callable[[str, str, PowerState], None], stop: Callable[[], bool]) -> None:
    """Report each change on one host until ``stop()``; ``DriverUnavailable`` when vCenter is lost."""
    with vcenter(ref, "watch power") as vc:
        host = vc.host._moId
    listener = _listener_for(ref)
    changes = listener.subscribe(ref, host)
    try:
        while not stop():
            try:
                change = changes.get(timeout=LOOK_UP_S)
            except queue.Empty:
                continue
            if isinstance(change, DriverError):
                raise DriverUnavailable(str(change)) from change
            report(ref.uuid, *change)
    finally:
        listener.leave(host, changes)


def power_changes(vc: VCenter, go_on: Callable[[], bool]) -> Iterator[tuple[str, str, PowerState]]:
    """Host, machine and power at each change while ``go_on()``; the first answer only says how everything is."""
    last: dict[Any, tuple[str, str, PowerState]] = {}
    first = True
    with all_machines(vc) as spec:
        for changed in vc.updates(spec, wait_s=LISTEN_S):
            for vm, told in changed.items():
                before, now = last.pop(vm, None), place_and_power(told)
                if now is not None:
                    last[vm] = now
                if not first:
                    yield from difference(before, now)
            first = False
            if not go_on():
                return


def difference(
    before: tuple[str, str, PowerState] | None, now: tuple[str, str, PowerState] | None
) -> list[tuple[str, str, PowerState]]:
    """What is to be told of a machine: where it is first, then where it is no more."""
    if before == now:
        return []
    told = [now] if now is not None else []
    if before is not None and (now is None or now[:2] != before[:2]):
        told.append((before[0], before[1], PowerState.ABSENT))
    return told


def place_and_power(told: Mapping[str, Any]) -> tuple[str, str, PowerState] | None:
    """Host, UUID and power; None for what is no machine, or is gone."""
    state, host = machines.state_in(told), told.get("runtime.host")
    return None if state is None or host is None else (host._moId, *state)


@contextmanager
def all_machines(vc: VCenter) -> Iterator[Any]:
    """A filter for the power of every machine of the vCenter."""
    view = vc.content.viewManager.CreateContainerView(vc.content.rootFolder, [vim.VirtualMachine], True)
    try:
        yield vc.below(view, vim.VirtualMachine, PATHS)
    finally:
        view.Destroy()


def _listener_for(ref: HostRef) -> Listener:
    key = login_of(ref.url, ref.details, ref.secrets).key
    with _lock:
        return _listeners.setdefault(key, Listener())
