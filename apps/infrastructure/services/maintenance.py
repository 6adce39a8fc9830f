"""Hosts into maintenance and back, one by one for an operator or one after the other in a rolling maintenance."""

import contextlib
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, QuerySet, Sum

from apps.infrastructure.events import (
    CLUSTER_ROLLING_MAINTENANCE,
    HOST_ROLLING_MAINTENANCE,
    MAINT_CANCEL,
    MAINT_PREPARE,
    POD_ROLLING_MAINTENANCE,
    ZONE_ROLLING_MAINTENANCE,
)
from apps.infrastructure.models import Cluster, Host, HostCapacity, Pod, Zone
from apps.infrastructure.selectors.dedications import hosts_in
from apps.infrastructure.selectors.overprovisioning import cpu_limit_mhz, factors, memory_limit_mib
from apps.infrastructure.services.host_state import RESOURCE_STATE
from apps.infrastructure.specs import host_ref
from apps.infrastructure.states import HostStatus, ResourceState
from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.hypervisor import SupportsMaintenance
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.errors import CloudError, InvalidParameter
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.jobs.control import JobManager

MAINTAIN, CANCEL = "infrastructure.host.maintain", "infrastructure.host.cancel_maintenance"

EVENTS = {
    "zoneids": ZONE_ROLLING_MAINTENANCE,
    "podids": POD_ROLLING_MAINTENANCE,
    "clusterids": CLUSTER_ROLLING_MAINTENANCE,
    "hostids": HOST_ROLLING_MAINTENANCE,
}


def begin(host: Host, *, caller: Caller | None) -> AsyncJob:
    """No new machines from now on; the job empties the host. In a transaction."""
    if host.status != HostStatus.UP:
        raise InvalidParameter(f"host {host} is {host.status}; only a host that is Up can be emptied", parameter="id")
    RESOURCE_STATE.fire(host, "maintenance_requested")
    return _dispatch(MAINTAIN, host, caller, MAINT_PREPARE, f"emptying host {host} for maintenance")


def end(host: Host, *, caller: Caller | None) -> AsyncJob:
    """Take machines again; an evacuation under way stops where it is. In a transaction.

    A host whose hypervisor has a maintenance of its own stays closed until the job has ended that: nothing would start
    there. Asked once more meanwhile, it answers the job that is under way.
    """
    told = has_its_own(host)
    if not told:
        RESOURCE_STATE.fire(host, "maintenance_cancelled")
    else:
        host.resource_state = Host.objects.select_for_update().values_list("resource_state", flat=True).get(pk=host.pk)
        RESOURCE_STATE.ensure(host, "maintenance_cancelled")
        if under_way := _live(host, CANCEL).first():
            return under_way
        for job in _live(host, MAINTAIN):
            with contextlib.suppress(InvalidParameter):  # it has ended just now
                JobManager().cancel(caller=caller, job=job)
    text = f"bringing host {host} back from maintenance"
    return _dispatch(CANCEL, host, caller, MAINT_CANCEL, text, opens=told)


def has_its_own(host: Host) -> bool:
    """Whether the hypervisor of ``host`` knows a maintenance too; yes while there is no driver that could tell."""
    try:
        return isinstance(hypervisor_driver(host_ref(host)), SupportsMaintenance)
    except (CloudError, DriverError):
        return True


def is_one_coming_back(host_uuids: Sequence[str]) -> bool:
    """Whether the maintenance of one of these hosts is just being ended: it may not take machines yet."""
    return AsyncJob.objects.filter(locks__name__in=[_lock(uuid) for uuid in host_uuids], name=CANCEL).exists()


def _lock(host_uuid: object) -> str:
    return f"hostmaintenance:{host_uuid}"


def _live(host: Host, name: str) -> QuerySet[AsyncJob]:
    """Jobs of this name that are on their way forward and nobody has cancelled: they alone hold their locks."""
    return AsyncJob.objects.filter(
        locks__name=_lock(host.uuid), name=name, phase=AsyncJob.Phase.FORWARD, cancel_requested=False
    )


def _dispatch(name: str, host: Host, caller: Caller | None, event: str, text: str, **more: bool) -> AsyncJob:
    return dispatch(
        name,
        caller=caller,
        exclusive=[_lock(host.uuid)],
        resource=host,
        arguments={"host_uuid": str(host.uuid), **more},
        description=text,
        event_type=event,
    )


def objection(host: Host) -> str | None:
    """Why ``host`` cannot be emptied now, as far as can be told without moving anything; None when nothing is seen."""
    if host.status != HostStatus.UP:
        return f"it is {host.status}"
    if host.resource_state != ResourceState.ENABLED:
        return f"it is {host.resource_state}"
    mine = HostCapacity.objects.get(pk=host.pk)
    if not mine.memory_used_mib and not mine.cpu_used_mhz:
        return None
    others = HostCapacity.objects.filter(
        host__cluster=host.cluster_id,
        host__removed__isnull=True,
        host__status=HostStatus.UP,
        host__resource_state=ResourceState.ENABLED,
    ).exclude(pk=host.pk)
    sums = others.aggregate(
        cpu=Sum("cpu_total_mhz", default=0),
        cpu_used=Sum("cpu_used_mhz", default=0),
        memory=Sum(F("memory_total_mib") - F("memory_reserved_mib"), default=0),
        memory_used=Sum("memory_used_mib", default=0),
    )
    factor = factors(host.cluster.uuid)
    free_mib = memory_limit_mib(sums["memory"], 0, factor.memory) - sums["memory_used"]
    if free_mib < mine.memory_used_mib:
        return f"its machines need {mine.memory_used_mib} MiB, its cluster has {max(free_mib, 0)} MiB free elsewhere"
    free_mhz = cpu_limit_mhz(sums["cpu"], factor.cpu) - sums["cpu_used"]
    if free_mhz < mine.cpu_used_mhz:
        return f"its machines need {mine.cpu_used_mhz} MHz, its cluster has {max(free_mhz, 0)} MHz free elsewhere"
    return None


class RollingMaintenanceManager:
    """Intent on rolling maintenances; root admins only."""

    @transaction.atomic
    def start(
        self,
        *,
        caller: Caller,
        parameter: str,
        places: Sequence[Zone | Pod | Cluster | Host],
        forced: bool = False,
        payload: str = "",
        timeout_s: int,
    ) -> AsyncJob:
        """Empty the hosts of ``places`` one after the other, let plugins work on each, and bring it back.

        ``parameter`` is the wire name by which the places were given. Without ``forced`` the first failure ends it.
        """
        hosts = list(dict.fromkeys(host for place in places for host in hosts_in(place).order_by("name", "pk")))
        if not hosts:
            raise InvalidParameter(f"{parameter}: there are no hosts", parameter=parameter)
        zones = Zone.objects.filter(hosts__in=hosts).distinct().values_list("uuid", flat=True)
        return dispatch(
            "infrastructure.rolling_maintenance",
            caller=caller,
            exclusive=[f"rollingmaintenance:{uuid}" for uuid in zones],
            resource=places[0] if len(places) == 1 else None,
            arguments={
                "host_uuids": [str(host.uuid) for host in hosts],
                "forced": forced,
                "payload": payload,
                "timeout_s": timeout_s,
            },
            description=f"maintaining {len(hosts)} hosts one after the other",
            event_type=EVENTS[parameter],
        )
