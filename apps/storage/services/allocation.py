"""Room on pools: which pool takes a volume, and promises of bytes that can never exceed what is there.

A promise is one row per holder (a volume, a cached template) and pool, so that it is found again after a
crash, and one conditional UPDATE of the pool's counter, so that nothing is promised twice.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, ExpressionWrapper, F, FloatField, OuterRef, Q, Sum, Value
from django.db.models.functions import Coalesce

from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus
from apps.storage.config import POOL_ALLOCATED_THRESHOLD, POOL_USED_THRESHOLD, STORAGE_OVERPROVISIONING
from apps.storage.events import POOL_DRIFT
from apps.storage.models import PoolHost, PoolReservation, StoragePool, Volume
from apps.storage.states import VOLUME_NOT_MADE, PoolScope, PoolState
from cloudstack.framework.configuration import Scope
from cloudstack.framework.errors import InsufficientCapacity, StaleState
from cloudstack.framework.events.bus import publish

log = logging.getLogger(__name__)

ATTEMPTS = 10
GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class PoolRefusal:
    """Why a pool does not take a volume, in a sentence."""

    pool_uuid: str
    pool_name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PoolChoice:
    """Pools that take the volume, roomiest first, and why the others do not."""

    ranked: tuple[StoragePool, ...]
    refusals: tuple[PoolRefusal, ...] = ()

    def explanation(self) -> str:
        """The refusals as one text, for operators."""
        shown = [f"{refusal.pool_name}: {refusal.reason}" for refusal in self.refusals[:6]]
        more = len(self.refusals) - len(shown)
        return "; ".join(shown) + (f"; and {more} more" if more > 0 else "") or "there is no pool at all"


def find_pools(
    *,
    host: Host,
    size_bytes: int,
    tags: Collection[str] = (),
    local: bool = False,
    avoid: Collection[Any] = (),
    only: StoragePool | None = None,
) -> PoolChoice:
    """Pools that ``host`` sees and that have room for ``size_bytes``; one statement.

    ``tags`` must all be on the pool. ``local``: storage of the host alone, else shared storage. ``avoid``
    are UUIDs of pools not to take, ``only`` the one pool asked for.
    """
    place = Q(host=host) | Q(host__isnull=True, cluster=host.cluster_id)
    place |= Q(host__isnull=True, cluster__isnull=True, hypervisor=host.hypervisor)
    pools = StoragePool.objects.filter(place, zone=host.zone_id).annotate(
        seen=Exists(PoolHost.objects.filter(pool_id=OuterRef("pk"), host=host))
    )
    if only is not None:
        pools = pools.filter(pk=only.pk)
    wanted, avoided = frozenset(tags), {str(uuid) for uuid in avoid}
    fitting, refusals = [], []
    for pool in pools.order_by("id"):
        pool.zone = host.zone
        reason = _refusal(pool, f"on host {host.name}", size_bytes, wanted, local, avoided)
        if reason is None:
            fitting.append(pool)
        else:
            refusals.append(PoolRefusal(pool_uuid=str(pool.uuid), pool_name=pool.name, reason=reason))
    fitting.sort(key=lambda pool: limit_bytes(pool) - pool.allocated_bytes, reverse=True)
    return PoolChoice(ranked=tuple(fitting), refusals=tuple(refusals))


def pools_for_volume(volume: Volume, *, host: Host | None) -> dict[str, str]:
    """Why pools of the volume's zone (by UUID) do not take it, those that do with an empty reason; its own is
    left out. One statement. ``host``: the one on which a running machine has it open must see the pool.
    """
    links = PoolHost.objects.filter(pool_id=OuterRef("pk"))
    links = links.filter(host=host) if host is not None else links.filter(host__status=HostStatus.UP)
    pools = StoragePool.objects.filter(zone=volume.zone_id).exclude(pk=volume.pool_id).select_related("zone")
    offering = volume.disk_offering
    tags = offering.tag_set if offering else frozenset()
    local = bool(offering and offering.local_storage)
    where = f"on host {host.name}" if host is not None else "on any host that is Up"
    return {
        str(pool.uuid): _refusal(pool, where, volume.size_bytes, tags, local, set()) or ""
        for pool in pools.annotate(seen=Exists(links))
    }


def choose_and_reserve(*, holder_uuid: Any, size_bytes: int, host: Host, **wishes: Any) -> StoragePool:
    """Promise room for the holder on the best pool of :func:`find_pools`, which takes ``wishes``.

    Raises ``InsufficientCapacity`` with the reasons. Belongs into the transaction that notes the pool.
    """
    choice = find_pools(host=host, size_bytes=size_bytes, **wishes)
    for pool in choice.ranked:
        try:
            reserve(pool=pool, holder_uuid=holder_uuid, size_bytes=size_bytes)
        except InsufficientCapacity:
            continue
        return pool
    raise InsufficientCapacity(
        f"no storage pool has room for {_size(size_bytes)} on host {host.name} ({choice.explanation()})"
    )


def assign_pool(
    *, volume: Volume, host: Host, avoid: Collection[Any] = (), only: StoragePool | None = None
) -> StoragePool:
    """Choose a pool for an Allocated volume by its offering, promise the room and note the pool; in one transaction.

    A volume that has a pool keeps it. Raises ``InsufficientCapacity`` with the reasons of each pool.
    """
    offering = volume.disk_offering
    with transaction.atomic():
        if volume.pool is not None:
            return volume.pool
        pool = choose_and_reserve(
            holder_uuid=volume.uuid,
            size_bytes=volume.size_bytes,
            host=host,
            tags=offering.tag_set if offering else (),
            local=bool(offering and offering.local_storage),
            avoid=avoid,
            only=only,
        )
        if Volume.objects.filter(pk=volume.pk, pool__isnull=True).update(pool=pool) != 1:
            raise StaleState(f"volume {volume} has got a pool in the meantime, or is gone")
        volume.pool = pool
    return pool


def unassign_pool(*, volume: Volume) -> None:
    """The reverse of :func:`assign_pool`, for a volume of which nothing is on the pool; others are left alone."""
    with transaction.atomic():
        nothing_there = Volume.all_objects.filter(pk=volume.pk, state__in=VOLUME_NOT_MADE)
        if nothing_there.update(pool=None, path="") == 1:
            release(holder_uuid=volume.uuid)
            volume.pool, volume.path = None, ""


def limit_bytes(pool: StoragePool) -> int:
    """How much of ``pool`` may be promised in all: its size times over-provisioning times threshold."""
    return int(pool.capacity_bytes * _factor(pool))


def reserve(*, pool: StoragePool, holder_uuid: Any, size_bytes: int) -> None:
    """Promise ``size_bytes`` to the holder; again is fine, another size replaces the old.

    Raises ``InsufficientCapacity`` and promises nothing when there is no room or the pool is not Up.
    """
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                PoolReservation.objects.create(pool=pool, holder_uuid=holder_uuid, size_bytes=size_bytes)
                _take(pool, size_bytes)
            return
        except IntegrityError:
            if _resize(pool, holder_uuid, size_bytes):
                return
    raise StaleState(f"{pool.name}: the promise to {holder_uuid} changes all the time; try again")


def release(*, holder_uuid: Any, pool: StoragePool | None = None) -> int:
    """Give back what the holder was promised, on ``pool`` or everywhere; answers how many promises there were."""
    promises = PoolReservation.objects.filter(holder_uuid=holder_uuid).order_by("pool_id")
    if pool is not None:
        promises = promises.filter(pool=pool)
    released = 0
    with transaction.atomic():
        for pk, pool_id, size_bytes in promises.values_list("pk", "pool_id", "size_bytes"):
            # The size is part of the condition: a resize in between must not be given back at its old size.
            gone, _ = PoolReservation.objects.filter(pk=pk, size_bytes=size_bytes).delete()
            if gone:
                _pools().filter(pk=pool_id).update(allocated_bytes=F("allocated_bytes") - size_bytes)
                released += 1
    return released


def pools_of_hosts(host_pks: Collection[int]) -> Mapping[int, frozenset[str]]:
    """UUIDs of the pools that each host (by primary key) sees; what placement asks for."""
    found: dict[int, set[str]] = {}
    rows = PoolHost.objects.filter(host__in=host_pks, pool__removed__isnull=True)
    for host_pk, uuid in rows.values_list("host_id", "pool__uuid"):
        found.setdefault(host_pk, set()).add(str(uuid))
    return {host_pk: frozenset(uuids) for host_pk, uuids in found.items()}


def recount(*, repair: bool = True) -> list[str]:
    """Compare each pool's counter with its promises and, with ``repair``, put wrong ones right; answers sentences."""
    wrong = (
        _pools()
        .annotate(promised=Coalesce(Sum("reservations__size_bytes"), Value(0)))
        .exclude(allocated_bytes=F("promised"))
        .values_list("pk", "uuid", "name", "allocated_bytes", "promised")
    )
    report = []
    for pk, uuid, name, counted, promised in list(wrong):
        text = f"{name}: counted {counted} bytes, promised {promised}"
        # A promise made since the sum was read changes the counter too: then nought rows, and the next run looks.
        if repair and _pools().filter(pk=pk, allocated_bytes=counted).update(allocated_bytes=promised):
            text += "; put right"
        log.warning("drift on pool %s", text)
        publish(POOL_DRIFT, description=text, level="WARN", resource_type="StoragePool", resource_uuid=uuid)
        report.append(text)
    return report


def _pools() -> Any:
    return StoragePool.all_objects.all()


def _factor(pool: StoragePool) -> float:
    factor = STORAGE_OVERPROVISIONING.value(pool.uuid, fallback=((Scope.ZONE, pool.zone.uuid),))
    return float(factor * POOL_ALLOCATED_THRESHOLD.value(pool.uuid, fallback=((Scope.ZONE, pool.zone.uuid),)))


def _refusal(
    pool: StoragePool, where: str, size_bytes: int, tags: frozenset[str], local: bool, avoided: set[str]
) -> str | None:
    if str(pool.uuid) in avoided:
        return "is not to be used for this"
    if pool.state != PoolState.UP:
        return f"is {pool.state}"
    if (pool.scope == PoolScope.HOST) != local:
        return "is storage of one host, shared storage is asked for" if not local else "is shared, local is asked for"
    if not pool.seen:  # type: ignore[attr-defined]
        return f"is not connected {where}"
    if missing := tags - pool.tag_set:
        return f"lacks the tag {', '.join(sorted(missing))}"
    used_limit = POOL_USED_THRESHOLD.value(pool.uuid, fallback=((Scope.ZONE, pool.zone.uuid),))
    if pool.capacity_bytes and pool.used_bytes > pool.capacity_bytes * used_limit:
        return f"is {pool.used_bytes * 100 // pool.capacity_bytes}% full"
    room = limit_bytes(pool) - pool.allocated_bytes
    if room < size_bytes:
        return f"{_size(max(room, 0))} free, {_size(size_bytes)} needed"
    return None


def _take(pool: StoragePool, size_bytes: int) -> None:
    """Count a promise; raises ``InsufficientCapacity`` when it does not fit (less is always fine)."""
    rows = _pools().filter(pk=pool.pk)
    if size_bytes > 0:
        limit = ExpressionWrapper(F("capacity_bytes") * Value(_factor(pool)), output_field=FloatField())
        rows = rows.filter(state=PoolState.UP, allocated_bytes__lte=limit - Value(float(size_bytes)))
    if rows.update(allocated_bytes=F("allocated_bytes") + size_bytes) != 1:
        raise InsufficientCapacity(f"{pool.name}: no room for {_size(size_bytes)} more, or it is not Up")


def _resize(pool: StoragePool, holder_uuid: Any, size_bytes: int) -> bool:
    """Bring an existing promise to another size (the same size changes nothing); False when it is gone."""
    with transaction.atomic():
        promise = PoolReservation.objects.select_for_update().filter(holder_uuid=holder_uuid, pool=pool).first()
        if promise is None:
            return False
        more = size_bytes - promise.size_bytes
        if more:
            PoolReservation.objects.filter(pk=promise.pk).update(size_bytes=size_bytes)
            _take(pool, more)
        return True


def _size(size_bytes: int) -> str:
    return f"{size_bytes / GIB:.1f} GiB" if size_bytes >= GIB else f"{size_bytes / (1 << 20):.0f} MiB"
