"""What hosts tell of machines that are not the cloud's, kept for those who look at it or take one over."""

import logging
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from apps.compute import events
from apps.compute.models import UnmanagedVm, VirtualMachine
from apps.compute.selectors.unmanaged import hosts_that_answer
from apps.infrastructure.models import Cluster, Host
from apps.infrastructure.specs import host_ref
from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.unmanaged import SupportsUnmanagedMachines, UnmanagedMachine
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.errors import CloudError, PermissionDenied
from cloudstack.framework.jobs import AsyncJob, dispatch

log = logging.getLogger(__name__)
One = TypeVar("One")

BUDGET_S = 240.0
"""How long one look at all hosts may take; those left have their turn at another."""
BAD_VALUES = (DataError, IntegrityError, ValueError, TypeError, OverflowError)
"""What the database and its driver say of a value that no column holds."""


class UnmanagedScanManager:
    """Has hosts tell which machines on them are not the cloud's."""

    def scan(self, *, caller: Caller, cluster: Cluster) -> AsyncJob:
        """A job that asks every host of ``cluster`` that is up."""
        if not caller.is_root_admin:
            raise PermissionDenied("only root admins look for machines that are not managed")
        return dispatch(
            "compute.unmanaged.scan",
            caller=caller,
            exclusive=[f"unmanaged:{cluster.uuid}"],
            resource=cluster,
            arguments={"cluster_uuid": str(cluster.uuid)},
            description=f"Look for machines in {cluster} that are not managed",
            event_type=events.VM_UNMANAGED_SCAN,
        )


def taker(host: Host) -> SupportsUnmanagedMachines | None:
    """The driver of ``host``, if it can take machines over; asks nobody."""
    driver = hypervisor_driver(host_ref(host))
    return driver if isinstance(driver, SupportsUnmanagedMachines) else None


def look(host: Host) -> int | None:
    """Ask ``host`` and keep what it tells; answers how many machines there are, None where its driver cannot tell.

    Raises the errors of the driver.
    """
    driver = taker(host)
    if driver is None:
        return None
    return keep(host, driver.unmanaged_machines())


@transaction.atomic
def keep(host: Host, found: Mapping[str, UnmanagedMachine]) -> int:
    """Store what ``host`` told, and forget what it does not tell any more; answers how many machines there are.

    Machines of the cloud are left out, and each that cannot be stored, with a line in the log.
    """
    now = timezone.now()
    rows = _stored(host, _rows(host, found, now))
    UnmanagedVm.objects.filter(host=host, seen__lt=now).delete()
    # A machine that moved within its cluster is told by its new host first.
    moved = UnmanagedVm.objects.filter(host__cluster=host.cluster_id, seen__lt=now).exclude(host=host)
    for some in _portions([row.machine_uuid for row in rows]):
        moved.filter(machine_uuid__in=some).delete()
    return len(rows)


def look_everywhere() -> int:
    """Ask all hosts that are up and whose drivers can tell; answers how many machines there are."""
    count = 0
    deadline = time.monotonic() + BUDGET_S
    # In another order each time: where there are more than can be asked in the time, all have their turn.
    for host in hosts_that_answer().order_by("?"):
        try:
            count += look(host) or 0
        except (DriverError, CloudError) as error:
            log.warning("host %s did not tell of machines that are not managed: %s", host, error)
        except Exception:
            log.exception("what host %s told of machines that are not managed could not be kept", host)
        if time.monotonic() > deadline:
            log.warning("time was short: not all hosts were asked for machines that are not managed")
            break
    return count


def _rows(host: Host, found: Mapping[str, UnmanagedMachine], now: datetime) -> list[UnmanagedVm]:
    """In the order of their UUIDs: two that store at once take their locks in the same order."""
    rows = {}
    for key, machine in found.items():
        try:
            number = uuid.UUID(key)
            rows[number] = UnmanagedVm(host=host, machine_uuid=number, seen=now, **UnmanagedVm.columns_of(machine))
        except Exception as error:
            log.warning("host %s tells of machine %r what cannot be understood: %r", host, key, error)
    for some in _portions(list(rows)):
        for known in VirtualMachine.objects.filter(uuid__in=some).values_list("uuid", flat=True):
            del rows[known]
    return [rows[number] for number in sorted(rows)]


def _stored(host: Host, rows: list[UnmanagedVm]) -> list[UnmanagedVm]:
    """Store ``rows``, one by one where some of them cannot be; answers those that could."""
    kept: list[UnmanagedVm] = []
    for some in _portions(rows):
        try:
            _write(some)
            kept += some
        except BAD_VALUES:
            for row in some:
                try:
                    _write([row])
                    kept.append(row)
                except BAD_VALUES as error:
                    log.warning("machine %s of host %s cannot be stored: %s", row.machine_uuid, host, error)
    return kept


@transaction.atomic
def _write(rows: list[UnmanagedVm]) -> None:
    columns = ["name", "power", "cpus", "cpu_mhz", "memory_mib", "operating_system", "disks", "nics", "details", "seen"]
    UnmanagedVm.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["host", "machine_uuid"], update_fields=columns
    )


def _portions(those: list[One]) -> list[list[One]]:
    return [those[start : start + 500] for start in range(0, len(those), 500)]
