"""Figures of volumes and pools: CloudStack's names, which dashboards know, and some series for each beyond them."""

from collections.abc import Iterator

from django.db.models import Count, Q

from apps.infrastructure.models import Zone
from apps.storage.config import STORAGE_OVERPROVISIONING
from apps.storage.models import ImageStore, StoragePool, Volume
from apps.storage.states import PoolScope, PoolState, VolumeState
from cloudstack.framework.configuration import Scope
from cloudstack.framework.metrics import Collector, Family, Kind, Sample, register

GIB = 1024**3
MOST = 1_000_000
_CHUNK = 5000

VOLUMES = Family(
    "cloudstack_volumes_total", "Volumes, by zone: ready, destroyed, total.", ("zone", "filter"), Kind.UNTYPED
)
GIBS = Family(
    "cloudstack_storage_pool_gibs_total",
    "GiB of a pool or an image store: used as the storage says, promised to volumes (allocated), not promised "
    "(unallocated), total.",
    ("zone", "name", "address", "type", "overprovisioningfactor", "filter"),
    Kind.UNTYPED,
    100_000,
)

_POOL = ("pool",)
POOL_INFO = Family(
    "cloudstack_storage_pool_info",
    "1 for each pool; names what belongs to its UUID.",
    ("pool", "name", "zone", "type", "scope", "state"),
    most=MOST,
)
POOL_UP = Family("cloudstack_storage_pool_up", "Whether the pool is Up.", _POOL, most=MOST)
CAPACITY = Family("cloudstack_storage_pool_capacity_bytes", "Size of the pool.", _POOL, most=MOST)
USED = Family(
    "cloudstack_storage_pool_used_bytes", "What is in use of the pool, as the storage says.", _POOL, most=MOST
)
ALLOCATED = Family(
    "cloudstack_storage_pool_allocated_bytes",
    "What of the pool is promised to volumes and templates.",
    _POOL,
    most=MOST,
)
LIMIT = Family("cloudstack_storage_pool_limit_bytes", "What of the pool may be promised at most.", _POOL, most=MOST)

_VOLUME = ("volume",)
VOLUME_INFO = Family(
    "cloudstack_volume_info",
    "1 for each volume; names what belongs to its UUID.",
    ("volume", "name", "type", "pool", "account", "domain", "zone"),
    most=MOST,
)
VOLUME_STATE = Family(
    "cloudstack_volume_state_info", "1 for each volume, with its state.", ("volume", "state"), most=MOST
)
VOLUME_SIZE = Family("cloudstack_volume_size_bytes", "Size of the volume as its machine sees it.", _VOLUME, most=MOST)
VOLUME_PHYSICAL = Family(
    "cloudstack_volume_physical_size_bytes",
    "What the volume takes of its pool, where that is known.",
    _VOLUME,
    most=MOST,
)


def _counts() -> Iterator[Sample]:
    rows = Volume.objects.filter(zone__removed__isnull=True).order_by().values_list("zone__name")
    ready = Q(state=VolumeState.READY)
    destroyed = Q(state__in=(VolumeState.DESTROY, VolumeState.EXPUNGING))
    counted = {
        zone: figures
        for zone, *figures in rows.annotate(
            ready=Count("pk", filter=ready), destroyed=Count("pk", filter=destroyed), total=Count("pk")
        )
    }
    for zone in Zone.objects.order_by("name").values_list("name", flat=True):
        for name, figure in zip(("ready", "destroyed", "total"), counted.get(zone, (0, 0, 0)), strict=True):
            yield VOLUMES, (zone, name), figure


def _pools() -> Iterator[Sample]:
    rows = StoragePool.objects.filter(zone__removed__isnull=True).order_by("pk").values_list(
        "uuid", "name", "zone__name", "zone__uuid", "type", "scope", "state", "host_address",
        "capacity_bytes", "used_bytes", "allocated_bytes",
    )  # fmt: skip
    for uuid, name, zone, zone_uuid, kind, scope, state, address, capacity, used, allocated in rows:
        factor = STORAGE_OVERPROVISIONING.value(uuid, fallback=((Scope.ZONE, zone_uuid),))
        limit = int(capacity * factor)
        where = "primary-local" if scope == PoolScope.HOST else "primary-shared"
        labels = (zone, name, address, where, f"{factor:g}")
        yield GIBS, (*labels, "used"), used / GIB
        yield GIBS, (*labels, "allocated"), allocated / GIB
        yield GIBS, (*labels, "unallocated"), max(limit - allocated, 0) / GIB
        yield GIBS, (*labels, "total"), capacity / GIB
        one = (str(uuid),)
        yield POOL_INFO, (*one, name, zone, kind, scope, state), 1
        yield POOL_UP, one, int(state == PoolState.UP)
        yield CAPACITY, one, capacity
        yield USED, one, used
        yield ALLOCATED, one, allocated
        yield LIMIT, one, limit
    stores = ImageStore.objects.order_by("pk").values_list("name", "zone__name", "url", "used_bytes", "capacity_bytes")
    for name, zone, url, used, capacity in stores:
        host = url.partition("://")[2].rpartition("@")[2].partition("/")[0]
        labels = (zone or "", name, host, "secondary", "1")
        yield GIBS, (*labels, "used"), used / GIB
        yield GIBS, (*labels, "total"), capacity / GIB


def _volumes() -> Iterator[Sample]:
    rows = Volume.objects.order_by("pk").values_list(
        "uuid", "name", "type", "pool__uuid", "account__name", "domain__path", "zone__name",
        "state", "size_bytes", "physical_size_bytes",
    )  # fmt: skip
    for uuid, name, kind, pool, account, path, zone, state, size, physical in rows.iterator(chunk_size=_CHUNK):
        one = (str(uuid),)
        yield VOLUME_INFO, (*one, name, kind, str(pool or ""), account, path, zone), 1
        yield VOLUME_STATE, (*one, state), 1
        yield VOLUME_SIZE, one, size
        if physical:
            yield VOLUME_PHYSICAL, one, physical


def _how_many() -> dict[Family, int]:
    found = Volume.objects.aggregate(all=Count("pk"), measured=Count("pk", filter=Q(physical_size_bytes__gt=0)))
    return {**dict.fromkeys((VOLUME_INFO, VOLUME_STATE, VOLUME_SIZE), found["all"]), VOLUME_PHYSICAL: found["measured"]}


register(
    Collector("volumes", (VOLUMES,), _counts),
    Collector("pools", (GIBS, POOL_INFO, POOL_UP, CAPACITY, USED, ALLOCATED, LIMIT), _pools),
    Collector("each volume", (VOLUME_INFO, VOLUME_STATE, VOLUME_SIZE, VOLUME_PHYSICAL), _volumes, totals=_how_many),
)
