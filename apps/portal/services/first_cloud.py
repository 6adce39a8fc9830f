"""What every new cloud holds, and how its first jobs are carried out before any worker runs."""

import logging
import time
from collections.abc import Iterable

from apps.compute.models import ServiceOffering
from apps.compute.services.service_offering import ServiceOfferingManager
from apps.infrastructure.services.hypervisors import seed_capabilities
from apps.network.services.bootstrap import seed_network_offerings
from apps.storage.services.guest_os import seed_guest_oses
from apps.storage.services.offerings import seed_disk_offerings
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob, engine

log = logging.getLogger(__name__)

SERVICE_OFFERINGS = (
    ("Tiny Instance", "1 × 250 MHz, 128 MiB", 1, 250, 128),
    ("Small Instance", "1 × 500 MHz, 512 MiB", 1, 500, 512),
    ("Medium Instance", "1 × 1000 MHz, 1024 MiB", 1, 1000, 1024),
)
"""Name, text, virtual CPUs, MHz of one, MiB."""
TINY = SERVICE_OFFERINGS[0][0]


def seed_catalogue(*, caller: Caller) -> None:
    """Guest systems, disk, service and network offerings; what is there or was deleted stays as it is."""
    seed_guest_oses()
    seed_capabilities()
    seed_disk_offerings()
    seed_network_offerings(caller=caller)
    if ServiceOffering.all_objects.exists():
        return
    for position, (name, text, cpus, cpu_mhz, memory_mib) in enumerate(SERVICE_OFFERINGS):
        ServiceOfferingManager().create(
            caller=caller,
            name=name,
            display_text=text,
            cpus=cpus,
            cpu_mhz=cpu_mhz,
            memory_mib=memory_mib,
            sort_key=position,
            disk={},
        )


def carry_out(jobs: Iterable[AsyncJob], *, patience_s: float = 60) -> list[AsyncJob]:
    """Run ``jobs`` in this process until they have ended, and answer those that did not succeed.

    Whatever is not done in time is left to the workers.
    """
    waiting = {job.pk: job for job in jobs}
    deadline = time.monotonic() + patience_s
    failed = []
    while waiting and time.monotonic() < deadline:
        for pk in list(waiting):
            engine.run(pk)
            job = AsyncJob.objects.get(pk=pk)
            if not job.is_live:
                del waiting[pk]
                if job.status != AsyncJob.Status.SUCCEEDED:
                    failed.append(job)
        if waiting:
            time.sleep(0.2)
    return [*failed, *waiting.values()]
