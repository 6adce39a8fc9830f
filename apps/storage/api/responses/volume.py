"""A volume on the wire. The machine it is in is read through the compute app's relation ``attachment``."""

from collections.abc import Callable, Mapping
from typing import Any

from apps.accounts.api.attached import Annotated, Tagged
from apps.accounts.api.responses.owner import OwnerFields
from apps.storage.models import ISO, Volume
from apps.storage.states import VOLUME_UNFINISHED, VolumeState
from cloudstack.api import BOOL, DATE, INT, LONG, MAP, STRING, Field, Response

_GONE = (VolumeState.DESTROY, VolumeState.EXPUNGING, VolumeState.EXPUNGED)


def _hypervisor(row: Mapping[str, Any]) -> str | None:
    return row["pool__hypervisor"] or row["template__hypervisor"] or "None"


def _storage_type(row: Mapping[str, Any]) -> str:
    return "local" if row["pool__host_id"] or row["disk_offering__local_storage"] else "shared"


UPLOAD_TEXTS = {
    VolumeState.NOT_UPLOADED: "Waiting to be uploaded",
    VolumeState.UPLOAD_OP: "Being brought",
    VolumeState.UPLOADED: "Upload Complete",
    VolumeState.UPLOAD_ABANDONED: "Nothing was uploaded in time",
}


def _size(row: Mapping[str, Any]) -> int | None:
    return None if row["state"] in VOLUME_UNFINISHED else row["size_bytes"]


_ISO_PATHS = tuple(f"attachment__{name}" for name in ("device_id", "vm__template__format")) + tuple(
    f"attachment__vm__template__{name}" for name in ("uuid", "name", "display_text")
)


def _of_iso(column: str) -> Callable[[Mapping[str, Any]], Any]:
    """A column of the ISO that the machine of a root disk was deployed from."""

    def read(row: Mapping[str, Any]) -> Any:
        is_root = row["attachment__device_id"] == 0
        return row[f"attachment__vm__template__{column}"] if is_root and row[_ISO_PATHS[1]] == ISO else None

    return read


class VolumeResponse(OwnerFields, Tagged, Annotated):
    object_name = "volume"
    model = Volume

    id = Field("uuid", help="UUID of the volume")
    name = Field(help="name of the volume")
    type = Field(type=STRING, help="ROOT or DATADISK")
    size = Field(
        compute=_size, needs=("size_bytes", "state"), type=LONG, help="its size in bytes; none while nobody knows it"
    )
    virtualsize = Field(compute=_size, needs=("size_bytes", "state"), type=LONG, help="its size in bytes")
    status = Field(
        compute=lambda row: row["source_image__error"] or UPLOAD_TEXTS.get(row["state"]),
        needs=("state", "source_image__error"),
        type=STRING,
        help="how far a volume is that its owner brings, or why it is unusable",
    )
    physicalsize = Field("physical_size_bytes", type=LONG, help="bytes that it took on storage when it was made")
    state = Field(help="Allocated, Creating, Ready, Resizing, Attaching, Destroy, Expunging or Expunged")
    created = Field(type=DATE, help="when it was created")
    destroyed = Field(
        compute=lambda row: row["state"] in _GONE, needs=("state",), type=BOOL, help="whether it is destroyed"
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
    serviceofferingdisplaytext = Field(
        "attachment__vm__service_offering__display_text", help="description of that offering"
    )
    vmtype = Field(
        compute=lambda row: "User" if row["attachment__vm__uuid"] else None,
        needs=("attachment__vm__uuid",),
        type=STRING,
        help="kind of that machine",
    )
    isoid = Field(compute=_of_iso("uuid"), needs=_ISO_PATHS, type=STRING, help="ISO that its machine was deployed from")
    isoname = Field(compute=_of_iso("name"), needs=_ISO_PATHS, type=STRING, help="name of that ISO")
    isodisplaytext = Field(compute=_of_iso("display_text"), needs=_ISO_PATHS, type=STRING, help="description of it")
    templateid = Field("template__uuid", help="template that it was made from")
    templatename = Field("template__name", help="name of that template")
    templatedisplaytext = Field("template__display_text", help="description of that template")
    diskofferingid = Field("disk_offering__uuid", help="its disk offering")
    diskofferingname = Field("disk_offering__name", help="name of its disk offering")
    diskofferingdisplaytext = Field("disk_offering__display_text", help="description of its disk offering")
    diskBytesReadRate = Field("disk_offering__bytes_read_rate", type=LONG, help="bytes read per second at most")
    diskBytesWriteRate = Field("disk_offering__bytes_write_rate", type=LONG, help="bytes written per second at most")
    diskIopsReadRate = Field("disk_offering__iops_read_rate", type=LONG, help="reads per second at most")
    diskIopsWriteRate = Field("disk_offering__iops_write_rate", type=LONG, help="writes per second at most")
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
    isextractable = Field(
        compute=lambda row: row["template__uuid"] is None or bool(row["template__is_extractable"]),
        needs=("template__uuid", "template__is_extractable"),
        type=BOOL,
        help="whether it can be downloaded",
    )
    volumecheckresult = Field(compute=lambda row: None, type=MAP, help="what checkVolume found; only in its result")
    volumerepairresult = Field(compute=lambda row: None, type=MAP, help="what it mended; only in its result")
    supportsstoragesnapshot = Field(compute=lambda row: False, type=BOOL, help="whether its storage makes snapshots")
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


class VolumeMetricsResponse(VolumeResponse):
    sizegb = Field(
        compute=lambda row: f"{row['size_bytes'] / (1 << 30):.2f} GB",
        needs=("size_bytes",),
        type=STRING,
        help="its size in words",
    )


class VolumePathResponse(Response):
    object_name = "apipathforvolume"

    path = Field(help="where it is on its pool")
