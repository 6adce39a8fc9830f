"""A storage pool on the wire."""

from collections.abc import Mapping
from typing import Any

from apps.accounts.api.attached import Annotated
from apps.storage.config import (
    POOL_ALLOCATED_NOTICE,
    POOL_ALLOCATED_THRESHOLD,
    POOL_USED_NOTICE,
    POOL_USED_THRESHOLD,
    STORAGE_OVERPROVISIONING,
)
from apps.storage.models import StoragePool
from cloudstack.api import BOOL, DATE, LONG, MAP, STRING, Field
from cloudstack.api.fields import Item
from cloudstack.framework.configuration import ConfigKey, Scope


def _setting(key: ConfigKey, row: Mapping[str, Any]) -> float:
    return float(key.value(row["uuid"], fallback=((Scope.ZONE, row["zone__uuid"]),)))


def _factor(row: Mapping[str, Any]) -> float:
    return _setting(STORAGE_OVERPROVISIONING, row)


class StoragePoolResponse(Annotated):
    object_name = "storagepool"
    model = StoragePool

    id = Field("uuid", help="UUID of the pool")
    name = Field(help="name of the pool")
    zoneid = Field("zone__uuid", help="its zone")
    zonename = Field("zone__name", help="name of its zone")
    podid = Field("pod__uuid", help="its pod; none for a pool of the whole zone")
    podname = Field("pod__name", help="name of its pod")
    clusterid = Field("cluster__uuid", help="its cluster")
    clustername = Field("cluster__name", help="name of its cluster")
    ipaddress = Field("host_address", help="server or host that it is on")
    path = Field(help="where it is on the hosts")
    created = Field(type=DATE, help="when it was added")
    type = Field(type=STRING, help="kind of storage")
    scope = Field(help="ZONE, CLUSTER or HOST")
    state = Field(help="Initialized, Up, Disabled, Maintenance or Removing")
    hypervisor = Field(help="hypervisor whose hosts use it")
    provider = Field(help="plugin that manages it")
    tags = Field(help="storage tags, comma separated")
    capacitybytes = Field("capacity_bytes", type=LONG, help="its size in bytes")
    disksizetotal = Field(
        compute=lambda row: int(row["capacity_bytes"] * _factor(row)),
        needs=("capacity_bytes", "uuid", "zone__uuid"),
        type=LONG,
        help="bytes that may be promised: size times over-provisioning",
    )
    disksizeallocated = Field("allocated_bytes", type=LONG, help="bytes promised to volumes and cached templates")
    disksizeused = Field("used_bytes", type=LONG, help="bytes really in use")
    overprovisionfactor = Field(
        compute=lambda row: str(_factor(row)), needs=("uuid", "zone__uuid"), type=STRING, help="over-provisioning"
    )
    istagarule = Field(compute=lambda row: False, type=BOOL, help="whether its tags are a rule: never")
    managed = Field(compute=lambda row: False, type=BOOL, help="whether the storage itself makes each volume")
    details = Field(type=MAP, help="options of the pool")


def _gb(size: float) -> str:
    return f"{size / 1024**3:.2f} GB"


SIZE = ("capacity_bytes", "used_bytes", "allocated_bytes", "uuid", "zone__uuid")


def _promisable(row: Mapping[str, Any]) -> float:
    return float(row["capacity_bytes"] * _factor(row))


def _in_use_over(key: ConfigKey) -> dict[str, Any]:
    """Whether more of the pool is really in use than the threshold allows."""
    return {
        "compute": lambda row: row["used_bytes"] > row["capacity_bytes"] * _setting(key, row),
        "needs": SIZE,
        "type": BOOL,
    }


def _promised_over(key: ConfigKey) -> dict[str, Any]:
    """Whether more of the pool is promised than the threshold allows."""
    return {
        "compute": lambda row: row["allocated_bytes"] > _promisable(row) * _setting(key, row),
        "needs": SIZE,
        "type": BOOL,
    }


class StoragePoolMetricsResponse(StoragePoolResponse):
    """A pool with figures in words that people read."""

    disksizeusedgb = Field(
        compute=lambda row: _gb(row["used_bytes"]), needs=SIZE, type=STRING, help="what is really in use"
    )
    disksizetotalgb = Field(
        compute=lambda row: f"{_gb(row['capacity_bytes'])} (x{_factor(row):g})",
        needs=SIZE,
        type=STRING,
        help="its size, and its over-provisioning",
    )
    disksizeallocatedgb = Field(
        compute=lambda row: _gb(row["allocated_bytes"]), needs=SIZE, type=STRING, help="what is promised"
    )
    disksizeunallocatedgb = Field(
        compute=lambda row: _gb(max(_promisable(row) - row["allocated_bytes"], 0)),
        needs=SIZE,
        type=STRING,
        help="what is not promised yet, with over-provisioning",
    )
    storageusagethreshold = Field(
        **_in_use_over(POOL_USED_NOTICE), help="whether more is in use than the threshold for notice"
    )
    storageusagedisablethreshold = Field(
        **_in_use_over(POOL_USED_THRESHOLD), help="whether so much is in use that no volume is placed on it"
    )
    storageallocatedthreshold = Field(
        **_promised_over(POOL_ALLOCATED_NOTICE), help="whether more is promised than the threshold for notice"
    )
    storageallocateddisablethreshold = Field(
        **_promised_over(POOL_ALLOCATED_THRESHOLD), help="whether more is promised than may be"
    )


class Judgement(Item):
    """What is said of the pool for one volume; put in by the command."""


class PoolForMigrationResponse(StoragePoolResponse):
    """A pool to which a volume could be moved, or not."""

    suitableformigration = Judgement(type=BOOL, help="whether the volume has room there and may go there")
    unsuitablereason = Judgement(type=STRING, help="why it does not suit")
