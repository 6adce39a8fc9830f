"""Pools out of service and back: machines live in an app above this one, which registers how they stop and return."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.infrastructure.models import Cluster
from apps.storage.events import CHANGE_POOL_SCOPE, MAINT_CANCEL_PS, MAINT_PREPARE_PS, POOL_SYNC
from apps.storage.models import StoppedForPool, StoragePool, TemplatePoolRef, Volume
from apps.storage.services.state_machines import POOL_FSM
from apps.storage.states import CACHE_TRANSITIONAL, POOL_CLOSED, VOLUME_TRANSITIONAL, PoolScope, PoolState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse, ResourceUnavailable
from cloudstack.framework.jobs import AsyncJob, dispatch


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """How far machines are: ``left`` still under way, and sentences on those that did not make it."""

    left: int = 0
    stuck: tuple[str, ...] = ()


Mover = Callable[..., Leaving]
_leave: Mover | None = None
_return: Mover | None = None
_outsiders: Callable[..., int] | None = None


def register_pool_machines(*, leave: Mover, come_back: Mover, outsiders: Callable[..., int]) -> None:
    """``leave(*, pool, job_uuid)`` stops the machines that have volumes on the pool open, and notes each in
    ``StoppedForPool``; ``come_back`` starts the noted ones and forgets them.

    Both are called again and again until nothing is left: they start what is not yet under way (jobs of their own,
    found again by ``job_uuid``) and report; they never wait. ``outsiders(*, pool, cluster)`` counts the machines that
    have volumes of the pool open outside of the cluster.
    """
    global _leave, _return, _outsiders
    _leave, _return, _outsiders = leave, come_back, outsiders


def machines_leave(*, pool: StoragePool, job_uuid: Any) -> Leaving:
    """Ask the machines to stop; volumes and images that somebody works on count as left."""
    report = _leave(pool=pool, job_uuid=job_uuid) if _leave else Leaving()
    busy = Volume.objects.filter(pool=pool, state__in=VOLUME_TRANSITIONAL).count()
    busy += TemplatePoolRef.objects.filter(pool=pool, state__in=CACHE_TRANSITIONAL).count()
    return Leaving(left=report.left + busy, stuck=report.stuck)


def machines_come_back(*, pool: StoragePool, job_uuid: Any) -> Leaving:
    """Ask the machines that the maintenance stopped to start."""
    return _return(pool=pool, job_uuid=job_uuid) if _return else Leaving()


def refuse_closed(pool_pks: Iterable[int]) -> None:
    """Raises ``ResourceUnavailable`` when a volume on one of these pools must not be opened now.

    The message is for the owner of the machine, who knows of no pools.
    """
    if StoragePool.objects.filter(pk__in=list(pool_pks), state__in=POOL_CLOSED).exists():
        raise ResourceUnavailable("the storage of a disk is in maintenance; try again when it is back")


def refuse_outsiders(pool: StoragePool, cluster: Cluster) -> None:
    """Raises ``ResourceInUse`` while machines in other clusters have volumes of ``pool`` open."""
    count = _outsiders(pool=pool, cluster=cluster) if _outsiders else 0
    if count:
        raise ResourceInUse(
            f"{count} machines outside of cluster {cluster} use storage pool {pool}; stop them first", parameter="id"
        )


class PoolMaintenanceManager:
    """Intent on the service of pools; operators only."""

    @transaction.atomic
    def enable(self, *, caller: Caller, pool: StoragePool) -> AsyncJob:
        """Nothing new from now on; machines with volumes on the pool stop, hosts let go of it, then ``Maintenance``."""
        if pool.state not in (PoolState.UP, PoolState.DISABLED, PoolState.ERROR_IN_MAINTENANCE):
            raise InvalidParameter(
                f"storage pool {pool} is {pool.state}; one that is Up or Disabled can go into maintenance",
                parameter="id",
            )
        if pool.state != PoolState.ERROR_IN_MAINTENANCE:
            # What an earlier maintenance could not start again is its owner's business by now.
            StoppedForPool.objects.filter(pool=pool).delete()
        POOL_FSM.fire(pool, "maintenance_requested", error="")
        return self._dispatch(
            "storage.pool.maintain", caller, pool, MAINT_PREPARE_PS, f"putting storage pool {pool} into maintenance"
        )

    @transaction.atomic
    def cancel(self, *, caller: Caller, pool: StoragePool) -> AsyncJob:
        """Connect the pool again, take it into use and start the machines that the maintenance had stopped."""
        if pool.state not in (PoolState.MAINTENANCE, PoolState.ERROR_IN_MAINTENANCE):
            raise InvalidParameter(f"storage pool {pool} is {pool.state}, not in maintenance", parameter="id")
        POOL_FSM.fire(pool, "cancel_requested")
        return self._dispatch(
            "storage.pool.cancel_maintenance",
            caller,
            pool,
            MAINT_CANCEL_PS,
            f"bringing storage pool {pool} back from maintenance",
        )

    @transaction.atomic
    def sync(self, *, caller: Caller, pool: StoragePool) -> AsyncJob:
        """Connect the pool on hosts that lack it, and ask it how full it is."""
        if pool.state not in (PoolState.UP, PoolState.DISABLED):
            raise InvalidParameter(
                f"storage pool {pool} is {pool.state}; one that is Up or Disabled is asked", parameter="id"
            )
        return self._dispatch("storage.pool.sync", caller, pool, POOL_SYNC, f"asking storage pool {pool} what it has")

    @transaction.atomic
    def change_scope(
        self, *, caller: Caller, pool: StoragePool, scope: PoolScope, cluster: Cluster | None = None
    ) -> AsyncJob:
        """Give a disabled pool of a cluster to the whole zone, or one of the zone to one ``cluster``.

        Raises ``ResourceInUse`` while machines of other clusters have its volumes open.
        """
        if pool.state != PoolState.DISABLED:
            raise InvalidParameter(
                f"storage pool {pool} is {pool.state}; disable it before its scope is changed", parameter="id"
            )
        if PoolScope.HOST in (scope, pool.scope):
            raise InvalidParameter(
                f"storage of one host cannot be shared: pool {pool} has the scope {pool.scope}", parameter="scope"
            )
        if scope == pool.scope:
            raise InvalidParameter(f"storage pool {pool} has the scope {scope} already", parameter="scope")
        if scope == PoolScope.CLUSTER:
            if cluster is None:
                raise InvalidParameter("clusterid is needed for the scope CLUSTER", parameter="clusterid")
            if cluster.pod.zone_id != pool.zone_id or cluster.hypervisor != pool.hypervisor:
                raise InvalidParameter(
                    f"clusterid: {cluster} is of another zone or hypervisor than pool {pool}", parameter="clusterid"
                )
            refuse_outsiders(pool, cluster)
        elif cluster is not None:
            raise InvalidParameter("clusterid goes with the scope CLUSTER only", parameter="clusterid")
        return dispatch(
            "storage.pool.change_scope",
            caller=caller,
            exclusive=[f"pool:{pool.uuid}"],
            resource=pool,
            arguments={"pool_uuid": str(pool.uuid), "cluster_uuid": str(cluster.uuid) if cluster else ""},
            description=f"giving storage pool {pool} the scope {scope}",
            event_type=CHANGE_POOL_SCOPE,
        )

    def _dispatch(self, name: str, caller: Caller, pool: StoragePool, event: str, text: str) -> AsyncJob:
        return dispatch(
            name,
            caller=caller,
            exclusive=[f"pool:{pool.uuid}"],
            resource=pool,
            arguments={"pool_uuid": str(pool.uuid)},
            description=text,
            event_type=event,
        )
