"""Promises of CPU and memory: one reservation row per holder and host, one conditional UPDATE per promise.

The row makes a promise findable by its holder after a crash, the UPDATE makes overbooking impossible.
All functions are for workflows and periodic jobs; none of them talks to a host.
"""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ExpressionWrapper, F, FloatField, Sum, Value
from django.db.models.functions import Coalesce

from apps.infrastructure.events import CAPACITY_DRIFT
from apps.infrastructure.models import CapacityReservation, Host, HostCapacity
from apps.infrastructure.selectors.overprovisioning import factors
from apps.infrastructure.services.evacuation import holders_on
from apps.infrastructure.services.hypervisors import limit_of
from apps.infrastructure.states import ResourceState
from cloudstack.framework.errors import InsufficientCapacity, StaleState
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob

log = logging.getLogger(__name__)

ATTEMPTS = 10


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A counter that did not agree with the reservations it counts; sizes in MHz and MiB."""

    host_uuid: str
    host_name: str
    cpu_counted: int
    cpu_reserved: int
    memory_counted: int
    memory_reserved: int
    repaired: bool


def reserve(*, host: Host, holder_uuid: Any, cpu_mhz: int, memory_mib: int, job_uuid: Any = None) -> None:
    """Promise ``cpu_mhz`` and ``memory_mib`` of ``host`` to the holder; again is fine, another size replaces the old.

    Raises ``InsufficientCapacity`` and promises nothing when the host has no room.
    """
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                CapacityReservation.objects.create(
                    host=host, holder_uuid=holder_uuid, cpu_mhz=cpu_mhz, memory_mib=memory_mib, job_uuid=job_uuid
                )
                _take(host, cpu_mhz, memory_mib, newcomer=True)
                _refuse_crowd(host)
            return
        except IntegrityError:
            if _resize(host, holder_uuid, cpu_mhz, memory_mib):
                return
    raise StaleState(f"{host.name}: the promise to {holder_uuid} changes all the time; try again")


def release(*, holder_uuid: Any, host: Host | None = None) -> int:
    """Give back what the holder was promised, on ``host`` or everywhere; answers how many promises there were."""
    promises = CapacityReservation.objects.filter(holder_uuid=holder_uuid).order_by("host_id")
    if host is not None:
        promises = promises.filter(host=host)
    released = 0
    with transaction.atomic():
        for pk, host_id, cpu_mhz, memory_mib in promises.values_list("pk", "host_id", "cpu_mhz", "memory_mib"):
            # The sizes are part of the condition: a resize in between must not be given back at its old size.
            gone, _ = CapacityReservation.objects.filter(pk=pk, cpu_mhz=cpu_mhz, memory_mib=memory_mib).delete()
            if gone:
                _give_back(host_id, cpu_mhz, memory_mib)
                released += 1
    return released


def reserved_on(*, holder_uuid: Any) -> list[str]:
    """UUIDs of the hosts that hold a promise to the holder."""
    found = CapacityReservation.objects.filter(holder_uuid=holder_uuid).order_by("host_id")
    return [str(uuid) for uuid in found.values_list("host__uuid", flat=True)]


def abandoned_on(*, host: Host) -> list[Any]:
    """UUIDs of holders that are promised room of ``host``, are not on it, and on which no job works."""
    promised = CapacityReservation.objects.filter(host=host).order_by("pk").values_list("holder_uuid", flat=True)
    here = holders_on(host)
    worked_on = AsyncJob.objects.filter(status__in=AsyncJob.LIVE, resource_uuid__in=list(promised))
    busy = set(worked_on.values_list("resource_uuid", flat=True))
    return [holder for holder in promised if holder not in here and holder not in busy]


def set_totals(*, host: Host) -> None:
    """Take over what ``host`` has (its columns, the operator's overrides) into its capacity row."""
    reserved_mib = int(host.details.get("memory_reserved_mib", 0) or 0)
    totals = {
        "cpu_total_mhz": host.cpu_total_mhz,
        "memory_total_mib": host.memory_mib,
        "memory_reserved_mib": reserved_mib,
    }
    HostCapacity.objects.update_or_create(host=host, defaults=totals)


def recount(*, repair: bool = True) -> list[Drift]:
    """Compare every counter with its reservations and, with ``repair``, put wrong ones right."""
    zero = Value(0)
    wrong = (
        HostCapacity.objects.annotate(
            cpu_sum=Coalesce(Sum("host__reservations__cpu_mhz"), zero),
            memory_sum=Coalesce(Sum("host__reservations__memory_mib"), zero),
        )
        .exclude(cpu_used_mhz=F("cpu_sum"), memory_used_mib=F("memory_sum"))
        .values_list("pk", "host__uuid", "host__name", "cpu_used_mhz", "cpu_sum", "memory_used_mib", "memory_sum")
    )
    report = []
    for pk, uuid, name, cpu_counted, cpu_sum, memory_counted, memory_sum in list(wrong):
        repaired = False
        if repair:
            # A promise made since the sum was read changes the counter too: then nought rows, and the next run looks.
            same = HostCapacity.objects.filter(pk=pk, cpu_used_mhz=cpu_counted, memory_used_mib=memory_counted)
            repaired = same.update(cpu_used_mhz=cpu_sum, memory_used_mib=memory_sum) == 1
        report.append(
            Drift(
                host_uuid=str(uuid),
                host_name=name,
                cpu_counted=cpu_counted,
                cpu_reserved=cpu_sum,
                memory_counted=memory_counted,
                memory_reserved=memory_sum,
                repaired=repaired,
            )
        )
    for drift in report:
        _report(drift)
    return report


def _report(drift: Drift) -> None:
    text = (
        f"{drift.host_name}: counted {drift.cpu_counted} MHz and {drift.memory_counted} MiB, "
        f"promised {drift.cpu_reserved} MHz and {drift.memory_reserved} MiB"
        f"{'; put right' if drift.repaired else ''}"
    )
    log.warning("capacity drift on %s", text)
    publish(CAPACITY_DRIFT, description=text, level="WARN", resource_type="Host", resource_uuid=drift.host_uuid)


def _take(host: Host, cpu_mhz: int, memory_mib: int, *, newcomer: bool = False) -> None:
    """Count a promise; raises ``InsufficientCapacity`` when it does not fit (negative amounts always do).

    All sizes must be conditions on the row that is updated. Joined conditions would become a subquery, which
    PostgreSQL does not look at again after it has waited for another worker: that would overbook.
    """
    rows = HostCapacity.objects.filter(pk=host.pk)
    if newcomer:
        # A host that closed after it was chosen takes nobody new.
        rows = rows.filter(host__in=Host.objects.filter(pk=host.pk, resource_state=ResourceState.ENABLED))
    factor = factors(host.cluster.uuid)
    if cpu_mhz > 0:
        limit = ExpressionWrapper(F("cpu_total_mhz") * Value(factor.cpu), output_field=FloatField())
        rows = rows.filter(cpu_used_mhz__lte=limit - Value(float(cpu_mhz)))
    if memory_mib > 0:
        limit = ExpressionWrapper(
            (F("memory_total_mib") - F("memory_reserved_mib")) * Value(factor.memory), output_field=FloatField()
        )
        rows = rows.filter(memory_used_mib__lte=limit - Value(float(memory_mib)))
    taken = rows.update(cpu_used_mhz=F("cpu_used_mhz") + cpu_mhz, memory_used_mib=F("memory_used_mib") + memory_mib)
    if not taken:
        raise InsufficientCapacity(
            f"{host.name}: no room for {cpu_mhz} MHz and {memory_mib} MiB more, or the host takes no machines now"
        )


def _refuse_crowd(host: Host) -> None:
    """Raises ``InsufficientCapacity`` when the newcomer is one more than the hypervisor is allowed.

    Call it after :func:`_take`: the row of the host is held then, so that two newcomers count each other.
    """
    limit = limit_of(host.hypervisor, "max_guests")
    if limit is not None and CapacityReservation.objects.filter(host=host).count() > limit:
        raise InsufficientCapacity(f"{host.name}: {limit} machines are on it, as many as {host.hypervisor} is allowed")


def _give_back(host_id: int, cpu_mhz: int, memory_mib: int) -> None:
    HostCapacity.objects.filter(pk=host_id).update(
        cpu_used_mhz=F("cpu_used_mhz") - cpu_mhz, memory_used_mib=F("memory_used_mib") - memory_mib
    )


def _resize(host: Host, holder_uuid: Any, cpu_mhz: int, memory_mib: int) -> bool:
    """Bring an existing promise to another size (the same size changes nothing); False when it is gone."""
    with transaction.atomic():
        promise = CapacityReservation.objects.select_for_update().filter(holder_uuid=holder_uuid, host=host).first()
        if promise is None:
            return False
        more_cpu, more_memory = cpu_mhz - promise.cpu_mhz, memory_mib - promise.memory_mib
        if more_cpu or more_memory:
            CapacityReservation.objects.filter(pk=promise.pk).update(cpu_mhz=cpu_mhz, memory_mib=memory_mib)
            _take(host, more_cpu, more_memory)
        return True
