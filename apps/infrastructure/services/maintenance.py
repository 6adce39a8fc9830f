"""Hosts into maintenance and back, one by one for an operator or one after the other in a rolling maintenance."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Sum

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
from apps.infrastructure.states import HostStatus, ResourceState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob, dispatch

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
    return _dispatch(
        "infrastructure.host.maintain", host, caller, MAINT_PREPARE, f"emptying host {host} for maintenance"
    )


def end(host: Host, *, caller: Caller | None) -> AsyncJob:
    """Take machines again; an evacuation under way stops where it is. In a transaction."""
    RESOURCE_STATE.fire(host, "maintenance_cancelled")
    return _dispatch(
        "infrastructure.host.cancel_maintenance",
        host,
        caller,
        MAINT_CANCEL,
        f"bringing host {host} back from maintenance",
    )


def _dispatch(name: str, host: Host, caller: Caller | None, event: str, text: str) -> AsyncJob:
    return dispatch(
        name,
        caller=caller,
        exclusive=[f"hostmaintenance:{host.uuid}"],
        resource=host,
        arguments={"host_uuid": str(host.uuid)},
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
