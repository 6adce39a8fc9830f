"""Commands on storage pools."""

from django.db.models import QuerySet

from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.storage.api.commands.image_store import OPERATORS
from apps.storage.api.refused import Refused, RefusedFlag
from apps.storage.api.responses.storage_pool import (
    PoolForMigrationResponse,
    StoragePoolMetricsResponse,
    StoragePoolResponse,
)
from apps.storage.events import CHANGE_POOL_SCOPE, MAINT_CANCEL_PS, MAINT_PREPARE_PS, POOL_SYNC
from apps.storage.models import StoragePool, Volume
from apps.storage.selectors import pools_visible_to
from apps.storage.services.allocation import pools_for_volume
from apps.storage.services.attachments import host_of_volume
from apps.storage.services.pool_maintenance import PoolMaintenanceManager
from apps.storage.services.pool_urls import parse_pool_url
from apps.storage.services.pools import StoragePoolManager
from apps.storage.states import PoolScope, PoolState
from cloudstack.api import (
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseCmd,
    BaseListCmd,
    Choice,
    Flag,
    ListOf,
    Long,
    Map,
    Ref,
    Rest,
    Str,
)
from cloudstack.api.listing import Page
from cloudstack.framework.jobs import AsyncJob


class ListStoragePools(BaseListCmd):
    """Lists the pools of primary storage."""

    roles = OPERATORS
    response = StoragePoolResponse

    pool_name = Str("name", lookup="name", help="exact name")
    path = Str("path", lookup="path", max_length=1024, help="where it is on the hosts")
    address = Str("ipaddress", lookup="host_address", help="server or host that it is on")
    zone = Ref("zoneid", Zone, lookup="zone", help="pools of this zone")
    pod = Ref("podid", Pod, lookup="pod", help="pools of this pod")
    cluster = Ref("clusterid", Cluster, lookup="cluster", help="pools of this cluster")
    host = Ref("hostid", Host, lookup="pool_hosts__host", help="pools that this host sees")
    scope = Choice("scope", PoolScope, lookup="scope", help="ZONE, CLUSTER or HOST")
    status = Choice("status", PoolState, lookup="state", help="Up, Disabled, Maintenance…")

    def queryset(self) -> QuerySet[StoragePool]:
        return pools_visible_to(caller=self.caller)


class ListStoragePoolsMetrics(ListStoragePools):
    """Lists the pools of primary storage with figures on how full they are."""

    roles = ROOT
    response = StoragePoolMetricsResponse


class CreateStoragePool(BaseCmd):
    """Adds a pool. A job connects it on its hosts; until then it is Initialized, and gone if none can use it."""

    roles = ROOT
    response = StoragePoolResponse

    pool_name = Str("name", required=True, help="name of the pool")
    url = Str(
        "url",
        required=True,
        max_length=1024,
        help="sharedmountpoint://localhost/path, nfs://server/path, or filesystem://host/path for local storage",
    )
    zone = Ref("zoneid", Zone, required=True, help="its zone")
    pod = Ref("podid", Pod, help="its pod, with clusterid")
    cluster = Ref("clusterid", Cluster, select_related=["pod"], help="its cluster; all of the zone if left out")
    scope = Choice("scope", PoolScope, help="CLUSTER, ZONE or HOST; follows from the rest if left out")
    hypervisor = Str("hypervisor", help="hypervisor, for a pool of the whole zone")
    provider = Choice("provider", ("DefaultPrimary",), default="DefaultPrimary", help="DefaultPrimary")
    tags = Str("tags", max_length=1024, help="storage tags, comma separated")
    details = Map("details", help="options of the pool")
    capacity_bytes = Long("capacitybytes", minimum=1, help="its size, where it is not to be what the storage says")
    capacity_iops = Refused("capacityiops")
    managed = RefusedFlag("managed")
    access_groups = Refused("storageaccessgroups")
    tag_rule = RefusedFlag("istagarule")

    def execute(self) -> StoragePool:
        pool, _ = StoragePoolManager().add(
            caller=self.caller,
            name=self.pool_name,
            zone=self.zone,
            place=parse_pool_url(self.url),
            pod=self.pod,
            cluster=self.cluster,
            scope=PoolScope(self.scope) if self.scope else None,
            hypervisor=self.hypervisor or "",
            provider=self.provider,
            tags=self.tags or "",
            details=self.details,
            capacity_bytes=self.capacity_bytes,
        )
        return pool


class TagList(ListOf):
    """Sent empty it is an empty list."""

    empty_is_missing = False


class UpdateStoragePool(BaseCmd):
    """Changes a pool: name, tags, size, whether new volumes may be put on it."""

    roles = ROOT
    response = StoragePoolResponse

    pool = Ref("id", StoragePool, access=Access.MODIFY, select_related=["zone"], required=True, help="the pool")
    pool_name = Str("name", help="new name")
    tags = TagList("tags", Str, help="new storage tags; empty for none")
    capacity_iops = Refused("capacityiops")
    capacity_bytes = Long("capacitybytes", minimum=1, help="its size, where it is not to be what the storage says")
    enabled = Flag("enabled", help="false: nothing new is put on it")
    details = Map("details", help="new options")
    url = Refused("url")
    tag_rule = RefusedFlag("istagarule")

    def execute(self) -> StoragePool:
        return StoragePoolManager().update(
            caller=self.caller,
            pool=self.pool,
            name=self.pool_name,
            tags=",".join(self.tags or []) if self.given("tags") else None,
            capacity_bytes=self.capacity_bytes,
            enabled=self.enabled,
            details=self.details,
        )


class DeleteStoragePool(BaseCmd):
    """Removes a pool on which there are no volumes; a job disconnects it from its hosts."""

    roles = ROOT

    pool = Ref("id", StoragePool, access=Access.MODIFY, required=True, help="the pool")
    forced = Flag("forced", default=False, help="accepted; a pool with volumes is never removed")

    def execute(self) -> None:
        StoragePoolManager().remove(caller=self.caller, pool=self.pool, forced=self.forced)


class PoolJob(BaseAsyncCmd):
    """A command on one pool that a job carries out."""

    abstract = True
    roles = ROOT
    response = StoragePoolResponse

    pool = Ref("id", StoragePool, access=Access.OPERATE, select_related=["zone"], required=True, help="the pool")


class EnableStorageMaintenance(PoolJob):
    """Takes a pool out of service: machines with volumes on it stop, hosts let go of it."""

    rest = Rest("storage-pools", action="enable-maintenance")
    event_type = MAINT_PREPARE_PS

    def execute(self) -> AsyncJob:
        return PoolMaintenanceManager().enable(caller=self.caller, pool=self.pool)


class CancelStorageMaintenance(PoolJob):
    """Brings a pool back from maintenance and starts the machines that it had stopped."""

    rest = Rest("storage-pools", action="cancel-maintenance")
    event_type = MAINT_CANCEL_PS

    def execute(self) -> AsyncJob:
        return PoolMaintenanceManager().cancel(caller=self.caller, pool=self.pool)


class SyncStoragePool(PoolJob):
    """Asks each host what it sees of a pool: connects it where it is missing, and reads how full it is."""

    event_type = POOL_SYNC

    def execute(self) -> AsyncJob:
        return PoolMaintenanceManager().sync(caller=self.caller, pool=self.pool)


class ChangeStoragePoolScope(BaseAsyncCmd):
    """Gives a disabled pool of a cluster to the whole zone, or keeps one of the zone for one cluster."""

    roles = ROOT
    event_type = CHANGE_POOL_SCOPE

    pool = Ref("id", StoragePool, access=Access.MODIFY, select_related=["zone"], required=True, help="the pool")
    scope = Choice("scope", (PoolScope.ZONE, PoolScope.CLUSTER), required=True, help="ZONE or CLUSTER")
    cluster = Ref("clusterid", Cluster, select_related=["pod"], help="the cluster, for the scope CLUSTER")

    def execute(self) -> AsyncJob:
        return PoolMaintenanceManager().change_scope(
            caller=self.caller, pool=self.pool, scope=PoolScope(self.scope), cluster=self.cluster
        )


class FindStoragePoolsForMigration(BaseListCmd):
    """Lists the other pools of a volume's zone and tells which of them could take it, and why the others cannot."""

    roles = ROOT
    response = PoolForMigrationResponse
    ordering = ("name", "id")
    id_filter = None
    ids_filter = None

    volume = Ref("id", Volume, select_related=["disk_offering"], required=True, help="the volume")

    def queryset(self) -> QuerySet[StoragePool]:
        pools = pools_visible_to(caller=self.caller).filter(zone=self.volume.zone_id)
        return pools.exclude(pk=self.volume.pool_id) if self.volume.pool_id else pools

    def execute(self) -> Page:
        page = super().execute()
        reasons = pools_for_volume(self.volume, host=host_of_volume(self.volume))
        for row in page.rows:
            reason = reasons.get(row.get("id", ""), "is not of the volume's zone")
            row["suitableformigration"] = not reason
            if reason:
                row["unsuitablereason"] = reason
        return page
