"""What running machines use: asked of their hosts, compared with the last answer, kept for a time."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.compute.config import STATISTICS_RETENTION
from apps.compute.models import MachineSample, MachineUsage, VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Host
from apps.infrastructure.services.rounds import Question, ask
from apps.infrastructure.states import HostStatus
from cloudstack.contracts.hypervisor import HypervisorDriver, SupportsRecentUse, SupportsStatistics, VmStatistics

log = logging.getLogger(__name__)

COUNTERS = (
    "net_rx_bytes",
    "net_tx_bytes",
    "disk_read_bytes",
    "disk_write_bytes",
    "disk_read_ops",
    "disk_write_ops",
)
RUNS = (VmState.RUNNING, VmState.MIGRATING)
PRUNE_BATCH = 5000
ROWS_AT_ONCE = 1000
FIRST_LOOK = timedelta(minutes=1)
ROLLED_UP_WITHIN = timedelta(minutes=15)
Told = Mapping[str, VmStatistics]
"""UUID of each machine to its counters."""


def collect() -> None:
    """Ask all hosts that are up. What a host does not answer is no reason to leave the others out."""
    hosts = Host.objects.filter(status=HostStatus.UP).select_related("zone", "pod", "cluster").order_by("pk")
    for answers in ask(hosts, USE):
        take_all(answers.told)
        for host, error in answers.failed:
            log.warning("host %s did not say what its machines use: %s", host, error)
    MachineUsage.objects.exclude(vm__state__in=RUNS).delete()
    prune()


def _of_one(driver: HypervisorDriver) -> Told | None:
    if isinstance(driver, SupportsStatistics):
        return driver.statistics()
    if isinstance(driver, SupportsRecentUse):
        return added_up(driver.host.uuid, driver)
    return None


USE: Question[Told] = Question(_of_one, lambda driver, hosts: driver.statistics_of_hosts(hosts))


def added_up(host_uuid: str, driver: SupportsRecentUse, *, now: datetime | None = None) -> Told:
    """Counters made of what was used since the last look, for a driver that has none of its own."""
    now = now or timezone.now()
    known = {
        str(one.vm.uuid): one for one in MachineUsage.objects.filter(vm__host__uuid=host_uuid).select_related("vm")
    }
    since = min((one.taken for one in known.values()), default=now - FIRST_LOOK)
    used = driver.recent_use((now - since).total_seconds())
    return {
        uuid: replace(
            figures,
            cpu_time_ns=figures.cpu_time_ns + (known[uuid].total_cpu_ns if uuid in known else 0),
            **{
                name: getattr(figures, name) + (getattr(known[uuid], f"total_{name}") if uuid in known else 0)
                for name in COUNTERS
            },
        )
        for uuid, figures in used.items()
    }


def take(host: Host, told: Told, *, now: datetime | None = None) -> None:
    """Store what ``host`` told of its machines; a constant number of statements."""
    take_all([(host, told)], now=now)


def take_all(told: Sequence[tuple[Host, Told]], *, now: datetime | None = None) -> None:
    """Store what hosts told of their machines; a handful of statements for each thousand of them."""
    now = now or timezone.now()
    by_host = {host.pk: figures for host, figures in told if figures}
    if not by_host:
        return
    machines = VirtualMachine.objects.filter(host__in=by_host, state__in=RUNS).select_related("usage")
    latest, samples = [], []
    for vm in machines.only("pk", "uuid", "cpus", "host_id", "usage"):
        figures = by_host[vm.host_id].get(str(vm.uuid))
        if figures is None:
            continue
        change = difference(figures, getattr(vm, "usage", None), vm.cpus, now)
        totals = {f"total_{name}": getattr(figures, name) for name in COUNTERS}
        latest.append(MachineUsage(vm=vm, taken=now, total_cpu_ns=figures.cpu_time_ns, **totals, **change))
        samples.append(MachineSample(vm=vm, taken=now, **change))
    columns = [field.name for field in MachineUsage._meta.concrete_fields if not field.primary_key]
    MachineUsage.objects.bulk_create(
        latest, update_conflicts=True, unique_fields=["vm"], update_fields=columns, batch_size=ROWS_AT_ONCE
    )
    if STATISTICS_RETENTION.value() > 0:
        MachineSample.objects.bulk_create(samples, batch_size=ROWS_AT_ONCE)


def difference(figures: VmStatistics, before: MachineUsage | None, cpus: int, now: datetime) -> dict[str, Any]:
    """What happened since the look ``before``. Counters that fell began anew: the machine was started in between."""
    change: dict[str, Any] = {"memory_used_mib": figures.memory_used_mib, "cpu_percent": None, "seconds": 0}
    for name in COUNTERS:
        last = getattr(before, f"total_{name}", 0)
        change[name] = getattr(figures, name) - (last if last <= getattr(figures, name) else 0)
    if before is not None and now > before.taken:
        last = before.total_cpu_ns if before.total_cpu_ns <= figures.cpu_time_ns else 0
        seconds = change["seconds"] = (now - before.taken).total_seconds()
        change["cpu_percent"] = min(100.0, (figures.cpu_time_ns - last) / (seconds * 1e9 * max(1, cpus)) * 100)
    return change


def prune() -> None:
    """Forget samples older than the operator wants them kept, some thousand at a time.

    Unless none is to be kept they stay until they are rolled up.
    """
    minutes = int(STATISTICS_RETENTION.value())
    before = timezone.now() - (max(timedelta(minutes=minutes), ROLLED_UP_WITHIN) if minutes > 0 else timedelta())
    while True:
        old = list(MachineSample.objects.filter(taken__lt=before).values_list("pk", flat=True)[:PRUNE_BATCH])
        MachineSample.objects.filter(pk__in=old).delete()
        if len(old) < PRUNE_BATCH:
            return
