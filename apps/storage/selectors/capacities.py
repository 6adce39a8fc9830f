"""How much storage there is, as lists of capacity show it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet, Sum

from apps.infrastructure.models import Cluster, Pod, Zone
from apps.infrastructure.selectors.capacities import Capacity, Place, has_tag, place_of
from apps.storage.config import STORAGE_OVERPROVISIONING
from apps.storage.models import StoragePool
from apps.storage.selectors.pools import image_stores_visible_to, pools_visible_to
from apps.storage.states import PoolScope
from cloudstack.framework.configuration import Scope
from cloudstack.framework.context import Caller

STORAGE, STORAGE_PROMISED, IMAGE_STORES, LOCAL = 2, 3, 6, 9
"""CloudStack's numbers of capacity types; all in bytes."""


def storage_capacities(
    *, caller: Caller, zone: Zone | None, pod: Pod | None, cluster: Cluster | None, tag: str
) -> Iterable[Capacity]:
    """What pools of the place have: in use and promised, shared and local apart; then image stores of zones."""
    pools = pools_visible_to(caller=caller)
    for column, wanted in (("zone", zone), ("pod", pod), ("cluster", cluster)):
        if wanted is not None:
            pools = pools.filter(**{column: wanted})
    if tag:
        pools = pools.filter(has_tag(tag))
    yield from _of_pools(pools, pod, cluster)
    if not (tag or pod or cluster):
        yield from _of_image_stores(caller, zone)


def _of_pools(pools: QuerySet[StoragePool], pod: Pod | None, cluster: Cluster | None) -> Iterable[Capacity]:
    """Added up here, because each pool has an over-provisioning of its own."""
    sums: dict[Any, list[int]] = {}
    places = {}
    columns = ("uuid", "scope", "capacity_bytes", "used_bytes", "allocated_bytes", "zone__uuid", "zone__name")
    for row in pools.order_by("zone", "id").values(*columns):
        zone = row["zone__uuid"]
        places.setdefault(zone, place_of(row, pod, cluster))
        factor = STORAGE_OVERPROVISIONING.value(row["uuid"], fallback=((Scope.ZONE, zone),))
        kind = LOCAL if row["scope"] == PoolScope.HOST else STORAGE
        for number, used, total in (
            (kind, row["used_bytes"], row["capacity_bytes"]),
            (STORAGE_PROMISED, row["allocated_bytes"], int(row["capacity_bytes"] * factor)),
        ):
            known = sums.setdefault((zone, number), [0, 0])
            known[0] += used
            known[1] += total
    names = {STORAGE: "STORAGE", STORAGE_PROMISED: "STORAGE_ALLOCATED", LOCAL: "LOCAL_STORAGE"}
    for (zone, number), (used, total) in sums.items():
        yield Capacity(place=places[zone], type=number, name=names[number], used=used, total=total)


def _of_image_stores(caller: Caller, zone: Zone | None) -> Iterable[Capacity]:
    stores = image_stores_visible_to(caller=caller)
    if zone is not None:
        stores = stores.filter(zone=zone)
    rows = stores.order_by("zone").values("zone__uuid", "zone__name")
    for row in rows.annotate(used=Sum("used_bytes", default=0), total=Sum("capacity_bytes", default=0)):
        # A store of all zones stands in none.
        place = place_of(row) if row["zone__uuid"] else Place()
        yield Capacity(place=place, type=IMAGE_STORES, name="SECONDARY_STORAGE", used=row["used"], total=row["total"])
