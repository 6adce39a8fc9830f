"""A storage pool on the wire."""

from collections.abc import Mapping
from typing import Any

from apps.storage.config import STORAGE_OVERPROVISIONING
from apps.storage.models import StoragePool
from cloudstack.api import BOOL, DATE, LONG, MAP, STRING, Field, Response
from cloudstack.framework.configuration import Scope


def _factor(row: Mapping[str, Any]) -> float:
    return float(STORAGE_OVERPROVISIONING.value(row["uuid"], fallback=((Scope.ZONE, row["zone__uuid"]),)))


class StoragePoolResponse(Response):
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
    managed = Field(compute=lambda row: False, type=BOOL, help="whether the storage itself makes each volume")
    details = Field(type=MAP, help="options of the pool")
