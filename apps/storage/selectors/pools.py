"""Pools and image stores: the operators' business; and the unfiltered reads of jobs."""

from typing import Any

from django.db.models import F, Q, QuerySet

from apps.infrastructure.models import Host, Zone
from apps.infrastructure.states import HostStatus
from apps.storage.models import ImageStore, StoragePool
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def pools_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[StoragePool]:
    return StoragePool.objects.all() if caller.is_root_admin else StoragePool.objects.none()


def image_stores_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ImageStore]:
    return ImageStore.objects.all() if caller.is_root_admin else ImageStore.objects.none()


def pool_for_job(*, uuid: Any) -> StoragePool:
    """A pool with its place in the cloud, removed ones included: a job must be able to finish."""
    return StoragePool.all_objects.select_related("zone", "pod", "cluster", "host").get(uuid=uuid)


def image_store_for_job(*, uuid: Any) -> ImageStore:
    return ImageStore.all_objects.select_related("zone").get(uuid=uuid)


def image_stores_of_zone(zone: Zone) -> QuerySet[ImageStore]:
    """Writable stores with room that serve ``zone``, its own before those of all zones."""
    serving = ImageStore.objects.filter(Q(zone=zone) | Q(zone__isnull=True), read_only=False)
    room = Q(capacity_bytes=0) | Q(used_bytes__lt=F("capacity_bytes"))
    return serving.filter(room).order_by(F("zone_id").asc(nulls_last=True), "id")


def hosts_of_pool(pool: StoragePool, *, connected: bool = True) -> QuerySet[Host]:
    """Hosts that could see ``pool`` by its scope, or (``connected``) that do see it and answer."""
    hosts = Host.objects.select_related("zone", "pod", "cluster").filter(hypervisor=pool.hypervisor)
    if pool.host_id:
        hosts = hosts.filter(pk=pool.host_id)
    elif pool.cluster_id:
        hosts = hosts.filter(cluster_id=pool.cluster_id)
    else:
        hosts = hosts.filter(zone_id=pool.zone_id)
    if connected:
        hosts = hosts.filter(pool_hosts__pool=pool, status=HostStatus.UP)
    return hosts.order_by("id")
