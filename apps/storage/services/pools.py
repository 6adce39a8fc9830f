"""Pools: add, change, remove. Hosts are asked in jobs only."""

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.storage.events import POOL_CREATE, POOL_DELETE, POOL_EDIT
from apps.storage.models import StoragePool, Volume
from apps.storage.services.pool_urls import PoolPlace
from apps.storage.services.state_machines import POOL_FSM
from apps.storage.services.tags import clean_tags
from apps.storage.states import PoolScope, PoolState, PoolType
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import storage_types
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.secrets import Secret

LOCAL_TYPES = (PoolType.FILESYSTEM,)


class StoragePoolManager:
    """Intent on pools; operators only."""

    @transaction.atomic
    def add(
        self,
        *,
        caller: Caller,
        name: str,
        zone: Zone,
        place: PoolPlace,
        cluster: Cluster | None = None,
        pod: Pod | None = None,
        host: Host | None = None,
        scope: PoolScope | None = None,
        hypervisor: str = "",
        provider: str = "DefaultPrimary",
        tags: str = "",
        details: Mapping[str, str] | None = None,
        credentials: Mapping[str, str] | None = None,
        capacity_bytes: int | None = None,
    ) -> tuple[StoragePool, AsyncJob]:
        """A new pool, ``Initialized`` until its job has connected it on a host; without success it is gone again.

        The scope follows from what is given: a host, a cluster, or the whole zone (then ``hypervisor``).
        """
        scope = scope or (PoolScope.HOST if host else PoolScope.CLUSTER if cluster else PoolScope.ZONE)
        if scope == PoolScope.HOST and host is None:
            host = _host_named(zone, place.host_address)
        _check_place(scope, zone, pod, cluster, host)
        if scope == PoolScope.HOST and host is not None:
            cluster = host.cluster
        kind = hypervisor or (cluster.hypervisor if cluster else "")
        if not kind:
            raise InvalidParameter("give hypervisor for a pool of the whole zone", parameter="hypervisor")
        if cluster is not None and kind.lower() != cluster.hypervisor.lower():
            raise InvalidParameter(f"cluster {cluster} is for {cluster.hypervisor}, not {kind}", parameter="hypervisor")
        kind = cluster.hypervisor if cluster else kind
        known = storage_types(kind)
        if place.type not in known:
            raise InvalidParameter(
                f"hosts of {kind} cannot use pools of the type {place.type}; they can use {', '.join(known) or 'none'}",
                parameter="url",
            )
        if (place.type in LOCAL_TYPES) != (scope == PoolScope.HOST):
            raise InvalidParameter(
                f"a pool of the type {place.type} cannot have the scope {scope}: local storage belongs to one host",
                parameter="scope",
            )
        _refuse_doubles(name, zone, place, cluster, host)
        pool = StoragePool.objects.create(
            name=name.strip(),
            zone=zone,
            pod=cluster.pod if cluster else None,
            cluster=cluster,
            host=host,
            hypervisor=kind,
            type=place.type,
            scope=scope,
            path=place.path,
            host_address=place.host_address,
            provider=provider,
            tags=clean_tags(tags),
            details=dict(details or {}),
            credentials=Secret(json.dumps(dict(credentials))) if credentials else None,
            capacity_bytes=capacity_bytes or 0,
            capacity_is_given=bool(capacity_bytes),
        )
        job = self._dispatch("storage.pool.add", caller, pool, POOL_CREATE, f"adding storage pool {pool.name}")
        return pool, job

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        pool: StoragePool,
        name: str | None = None,
        tags: str | None = None,
        capacity_bytes: int | None = None,
        enabled: bool | None = None,
        details: Mapping[str, str] | None = None,
    ) -> StoragePool:
        """Rename, tag, bound, enable or disable. A disabled pool takes no new volumes; those on it go on."""
        changes: dict[str, Any] = {}
        if name is not None:
            if not name.strip():
                raise InvalidParameter("name is empty", parameter="name")
            if StoragePool.objects.filter(zone=pool.zone, name=name.strip()).exclude(pk=pool.pk).exists():
                raise InvalidParameter(f"zone {pool.zone} has a pool {name!r} already", parameter="name")
            changes["name"] = name.strip()
        if tags is not None:
            changes["tags"] = clean_tags(tags)
        if details is not None:
            changes["details"] = dict(details)
        if capacity_bytes is not None:
            if capacity_bytes < pool.used_bytes:
                raise InvalidParameter(
                    f"capacitybytes {capacity_bytes} is below the {pool.used_bytes} bytes in use",
                    parameter="capacitybytes",
                )
            changes |= {"capacity_bytes": capacity_bytes, "capacity_is_given": True}
        if changes:
            StoragePool.objects.filter(pk=pool.pk).update(**changes)
            pool.refresh_from_db()
        if enabled is not None and enabled != (pool.state == PoolState.UP):
            POOL_FSM.fire(pool, "enable" if enabled else "disable")
        publish(POOL_EDIT, caller=caller, description=f"changed storage pool {pool}", resource=pool)
        return pool

    @transaction.atomic
    def remove(self, *, caller: Caller, pool: StoragePool, forced: bool = False) -> AsyncJob:
        """Take the pool out of the cloud; its hosts let go of it in a job. ``forced`` changes nothing here:
        a pool with volumes is never removed."""
        refuse_used(pool)
        POOL_FSM.fire(pool, "remove_requested")
        return self._dispatch("storage.pool.remove", caller, pool, POOL_DELETE, f"removing storage pool {pool.name}")

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


def refuse_used(pool: StoragePool) -> None:
    """Raises ``ResourceInUse`` while volumes are on the pool, destroyed ones included."""
    count = Volume.objects.filter(pool=pool).count()
    if count:
        raise ResourceInUse(
            f"{count} volumes are on pool {pool}; delete or move them first (destroyed ones must be expunged)"
        )


def _host_named(zone: Zone, address: str) -> Host:
    hosts = Host.objects.select_related("cluster__pod").filter(zone=zone)
    found = [host for host in hosts if address and address in (host.name.lower(), host.private_ip, str(host.uuid))]
    if len(found) != 1:
        raise InvalidParameter(
            f"zone {zone} has no host {address!r}; write the name or address of the host in the url", parameter="url"
        )
    return found[0]


def _check_place(scope: str, zone: Zone, pod: Pod | None, cluster: Cluster | None, host: Host | None) -> None:
    if scope == PoolScope.CLUSTER and cluster is None:
        raise InvalidParameter("give clusterid (and podid) for a pool of a cluster", parameter="clusterid")
    if scope == PoolScope.ZONE and (cluster is not None or pod is not None):
        raise InvalidParameter("a pool of the whole zone has no pod and no cluster", parameter="scope")
    if cluster is not None and cluster.pod.zone_id != zone.pk:
        raise InvalidParameter(f"cluster {cluster} is not in zone {zone}", parameter="clusterid")
    if cluster is not None and pod is not None and cluster.pod_id != pod.pk:
        raise InvalidParameter(f"cluster {cluster} is not in pod {pod}", parameter="podid")
    if host is not None and host.zone_id != zone.pk:
        raise InvalidParameter(f"host {host} is not in zone {zone}", parameter="hostid")


def _refuse_doubles(name: str, zone: Zone, place: PoolPlace, cluster: Cluster | None, host: Host | None) -> None:
    if not name.strip():
        raise InvalidParameter("name is empty", parameter="name")
    if StoragePool.objects.filter(zone=zone, name=name.strip()).exists():
        raise InvalidParameter(f"zone {zone} has a pool {name!r} already", parameter="name")
    same = StoragePool.objects.filter(
        zone=zone, type=place.type, path=place.path, host_address=place.host_address, cluster=cluster, host=host
    ).first()
    if same is not None:
        raise InvalidParameter(f"this storage is in the cloud already, as pool {same}", parameter="url")
