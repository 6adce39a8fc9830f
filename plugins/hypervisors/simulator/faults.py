"""Delays, errors and crashes on demand. Every verb of every simulated driver goes through :func:`verb`.

A row of :class:`Fault` is used up by one conditional UPDATE, so that ``count = 1`` hits one of many workers.
"""

import functools
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from django.db import connection
from django.db.models import F

from cloudstack.contracts.host import HostRef
from cloudstack.plugin.drivers import DriverError, DriverTimeout, DriverUnavailable
from plugins.hypervisors.simulator.models import Fault

F_ = TypeVar("F_", bound=Callable[..., Any])

EVERYTHING = "*"
"""Name of a fault that hits every command."""
MAX_WAIT_MS = 600_000
CRASH_VARIABLE = "CLOUDSTACK_SIMULATOR_CRASH"
EXIT_STATUS = 137


class SimulatedCrash(BaseException):
    """Stands for the death of the process, in tests that cannot die themselves."""


def verb(command: str) -> Callable[[F_], F_]:
    """Method decorator: apply faults of ``command`` at ``self.host`` before and after the method."""
    known_commands.add(command)

    def mark(method: F_) -> F_:
        @functools.wraps(method)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            crash_after = apply(getattr(self, "host", None), command)
            result = method(self, *args, **kwargs)
            if crash_after:
                crash(command)
            return result

        return call  # type: ignore[return-value]

    return mark


known_commands: set[str] = set()


def apply(host: HostRef | None, command: str) -> bool:
    """Let happen what is to happen before ``command``; True when the process is to die after it."""
    refuse_in_transaction(command)
    crash_after = False
    for pk, value, remaining, *_ in _hit(host, _faults(command)):
        if not _use(pk, remaining):
            continue
        kind, _, text = value.partition(":")
        if kind == "wait":
            time.sleep(int(text) / 1000)
        elif kind == "timeout":
            time.sleep(int(text) / 1000)
            raise DriverTimeout(f"simulated timeout of {command} after {text} ms")
        elif kind == "fault":
            raise DriverError(text or f"simulated fault of {command}")
        elif kind == "unavailable":
            raise DriverUnavailable(text or f"simulated host does not answer to {command}")
        elif (kind, text) == ("crash", "before"):
            crash(command)
        elif (kind, text) == ("crash", "after"):
            crash_after = True
    return crash_after


def harmless(hosts: Sequence[HostRef], command: str) -> list[HostRef]:
    """Those of ``hosts`` that no fault of ``command`` waits for; the others are to be asked one by one."""
    refuse_in_transaction(command)
    faults = _faults(command)
    return [host for host in hosts if not _hit(host, faults)]


_Known = tuple[int, str, int | None, *tuple[Any, ...]]
"""Key of a fault, its value, what remains of it, and the places."""


def _faults(command: str) -> list[_Known]:
    """Faults of the command anywhere. There are hardly ever any, so places are compared here, not in SQL."""
    if not _any():
        return []
    columns = ("pk", "value", "remaining", "zone_uuid", "pod_uuid", "cluster_uuid", "host_uuid")
    faults = Fault.objects.filter(command__in=(command, EVERYTHING)).order_by("pk")
    return [fault for fault in faults.values_list(*columns) if fault[2] != 0]


def _hit(host: HostRef | None, faults: list[_Known]) -> list[_Known]:
    here = (host.zone_uuid, host.pod_uuid, host.cluster_uuid, host.uuid) if host else ("",) * 4
    return [
        fault
        for fault in faults
        if all(place is None or str(place) == uuid for place, uuid in zip(fault[3:], here, strict=True))
    ]


def _any() -> bool:
    """Whether there is any fault. Every verb of every driver asks, so the statement is not written anew each time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM simulator_fault LIMIT 1")
        return cursor.fetchone() is not None


def _use(pk: int, remaining: int | None) -> bool:
    """Take one use of a fault; False when another worker took the last."""
    row = Fault.objects.filter(pk=pk)
    if remaining is None:
        return bool(row.update(used=F("used") + 1))
    return bool(row.filter(remaining__gt=0).update(remaining=F("remaining") - 1, used=F("used") + 1))


def crash(command: str) -> NoReturn:
    """Die like a process that was killed; with ``CLOUDSTACK_SIMULATOR_CRASH=raise`` only as far as the test."""
    if os.environ.get(CRASH_VARIABLE) == "raise":
        raise SimulatedCrash(command)
    os._exit(EXIT_STATUS)


def refuse_in_transaction(command: str) -> None:
    """A driver call inside a transaction would hold locks for as long as a hypervisor pleases: refused."""
    blocks = [block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)]
    if blocks:
        raise DriverError(f"{command} was called inside a database transaction; drivers are called outside")
