"""What hosts tell of machines that are not the cloud's, kept for those who look at it or take one over."""

import logging
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from apps.compute import events
from apps.compute.models import UnmanagedVm
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
    """Store what ``host`` told, and forget what it does not tell any more."""
    now = timezone.now()
    rows = [
        UnmanagedVm(host=host, machine_uuid=uuid.UUID(key), seen=now, **UnmanagedVm.columns_of(machine))
        for key, machine in found.items()
    ]
    columns = ["name", "power", "cpus", "cpu_mhz", "memory_mib", "operating_system", "disks", "nics", "details", "seen"]
    UnmanagedVm.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["host", "machine_uuid"], update_fields=columns, batch_size=500
    )
    UnmanagedVm.objects.filter(host=host, seen__lt=now).delete()
    # A machine that moved within its cluster is told by its new host first.
    moved = UnmanagedVm.objects.filter(host__cluster=host.cluster_id, seen__lt=now).exclude(host=host)
    for some in _portions([row.machine_uuid for row in rows]):
        moved.filter(machine_uuid__in=some).delete()
    return len(rows)


def look_everywhere() -> int:
    """Ask all hosts that are up and whose drivers can tell; answers how many machines there are."""
    count = 0
    for host in hosts_that_answer():
        try:
            count += look(host) or 0
        except (DriverError, CloudError) as error:
            log.warning("host %s did not tell of machines that are not managed: %s", host, error)
    return count


def _portions(uuids: list[uuid.UUID]) -> list[list[uuid.UUID]]:
    return [uuids[start : start + 500] for start in range(0, len(uuids), 500)]
