"""A volume on the wire. The machine it is in is read through the compute app's relation ``attachment``."""

from collections.abc import Mapping
from typing import Any

from apps.accounts.api.attached import Tagged
from apps.accounts.models.domain import shown_path
from apps.storage.models import Volume
from apps.storage.states import VolumeState
from cloudstack.api import BOOL, DATE, INT, LONG, STRING, Field

_GONE = (VolumeState.DESTROY, VolumeState.EXPUNGING, VolumeState.EXPUNGED)


def _hypervisor(row: Mapping[str, Any]) -> str | None:
    return row["pool__hypervisor"] or row["template__hypervisor"] or "None"


def _storage_type(row: Mapping[str, Any]) -> str:
    return "local" if row["pool__host_id"] or row["disk_offering__local_storage"] else "shared"


class VolumeResponse(Tagged):
    object_name = "volume"
    model = Volume

    id = Field("uuid", help="UUID of the volume")
    name = Field(help="name of the volume")
    type = Field(type=STRING, help="ROOT or DATADISK")
    size = Field("size_bytes", type=LONG, help="its size in bytes")
    virtualsize = Field("size_bytes", type=LONG, help="its size in bytes")
    physicalsize = Field("physical_size_bytes", type=LONG, help="bytes that it took on storage when it was made")
    state = Field(help="Allocated, Creating, Ready, Resizing, Attaching, Destroy, Expunging or Expunged")
    created = Field(type=DATE, help="when it was created")
    destroyed = Field(
        compute=lambda row: row["state"] in _GONE, needs=("state",), type=BOOL, help="whether it is destroyed"
    )
    account = Field("account__name", help="account that owns it")
    domainid = Field("domain__uuid", help="domain of its account")
    domain = Field("domain__name", help="name of the domain")
    domainpath = Field(
        compute=lambda row: shown_path(row["domain__path"]), needs=("domain__path",), type=STRING, help="its path"
    )
    zoneid = Field("zone__uuid", help="its zone")
    zonename = Field("zone__name", help="name of its zone")
    virtualmachineid = Field("attachment__vm__uuid", help="machine that it is attached to")
    vmname = Field("attachment__vm__name", help="name of that machine")
    vmdisplayname = Field("attachment__vm__display_name", help="display name of that machine")
    vmstate = Field("attachment__vm__state", help="state of that machine")
    deviceid = Field("attachment__device_id", type=INT, help="slot in that machine")
    attached = Field("attachment__attached", type=DATE, help="when it was attached")
    serviceofferingid = Field("attachment__vm__service_offering__uuid", help="service offering of that machine")
    serviceofferingname = Field("attachment__vm__service_offering__name", help="name of that offering")
    templateid = Field("template__uuid", help="template that it was made from")
    templatename = Field("template__name", help="name of that template")
    templatedisplaytext = Field("template__display_text", help="description of that template")
    diskofferingid = Field("disk_offering__uuid", help="its disk offering")
    diskofferingname = Field("disk_offering__name", help="name of its disk offering")
    diskofferingdisplaytext = Field("disk_offering__display_text", help="description of its disk offering")
    provisioningtype = Field("provisioning", help="thin")
    storagetype = Field(
        compute=_storage_type,
        needs=("pool__host_id", "disk_offering__local_storage"),
        type=STRING,
        help="shared or local",
    )
    hypervisor = Field(
        compute=_hypervisor, needs=("pool__hypervisor", "template__hypervisor"), type=STRING, help="its hypervisor"
    )
    miniops = Field("min_iops", type=LONG, help="operations per second at least")
    maxiops = Field("max_iops", type=LONG, help="operations per second at most")
    isextractable = Field(compute=lambda row: False, type=BOOL, help="whether it can be downloaded")
    displayvolume = Field("is_displayed", type=BOOL, admin_only=True, help="whether users see it")
    deleteprotection = Field("delete_protection", type=BOOL, help="whether it cannot be destroyed")
    storage = Field("pool__name", admin_only=True, help="pool that it is on")
    storageid = Field("pool__uuid", admin_only=True, help="UUID of that pool")
    path = Field(
        compute=lambda row: row["path"] or None, needs=("path",), type=STRING, admin_only=True, help="where on the pool"
    )
    clusterid = Field("pool__cluster__uuid", admin_only=True, help="cluster of that pool")
    clustername = Field("pool__cluster__name", admin_only=True, help="name of that cluster")
    podid = Field("pool__pod__uuid", admin_only=True, help="pod of that pool")
    podname = Field("pool__pod__name", admin_only=True, help="name of that pod")
