"""A disk offering on the wire."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from apps.accounts.api.attached import Annotated, details_in
from apps.storage.api.responses.kept_for import joined_uuids, with_audience
from apps.storage.models import DiskOffering
from cloudstack.api import BOOL, DATE, LONG, STRING, Field
from cloudstack.framework.context import Caller


def _storage(row: Mapping[str, Any]) -> str:
    return "local" if row["local_storage"] else "shared"


class DiskOfferingResponse(Annotated):
    object_name = "diskoffering"
    model = DiskOffering

    id = Field("uuid", help="UUID of the offering")
    name = Field(help="name of the offering")
    displaytext = Field("display_text", help="what it is")
    disksize = Field("size_gib", type=LONG, help="GiB of its disks; 0 when the user says")
    created = Field(type=DATE, help="when it was made")
    iscustomized = Field("is_custom", type=BOOL, help="whether the user says the size")
    iscustomizediops = Field("is_custom_iops", type=BOOL, help="whether the user says the operations per second")
    miniops = Field("min_iops", type=LONG, help="operations per second at least")
    maxiops = Field("max_iops", type=LONG, help="operations per second at most")
    tags = Field(help="tags that pools must have")
    storagetype = Field(compute=_storage, needs=("local_storage",), type=STRING, help="shared or local")
    provisioningtype = Field("provisioning", help="thin")
    diskBytesReadRate = Field("bytes_read_rate", type=LONG, help="bytes read per second at most")
    diskBytesWriteRate = Field("bytes_write_rate", type=LONG, help="bytes written per second at most")
    diskIopsReadRate = Field("iops_read_rate", type=LONG, help="reads per second at most")
    diskIopsWriteRate = Field("iops_write_rate", type=LONG, help="writes per second at most")
    diskBytesReadRateMax = Field("bytes_read_rate_max", type=LONG, help="bytes read per second in a burst")
    diskBytesReadRateMaxLength = Field("bytes_read_rate_max_length", type=LONG, help="seconds of such a burst")
    diskBytesWriteRateMax = Field("bytes_write_rate_max", type=LONG, help="bytes written per second in a burst")
    diskBytesWriteRateMaxLength = Field("bytes_write_rate_max_length", type=LONG, help="seconds of such a burst")
    diskIopsReadRateMax = Field("iops_read_rate_max", type=LONG, help="reads per second in a burst")
    diskIopsReadRateMaxLength = Field("iops_read_rate_max_length", type=LONG, help="seconds of such a burst")
    diskIopsWriteRateMax = Field("iops_write_rate_max", type=LONG, help="writes per second in a burst")
    diskIopsWriteRateMaxLength = Field("iops_write_rate_max_length", type=LONG, help="seconds of such a burst")
    cacheMode = Field("cache_mode", help="none, writeback or writethrough")
    displayoffering = Field("is_displayed", type=BOOL, help="whether users see it")
    disksizestrictness = Field("size_is_strict", type=BOOL, help="whether its disks keep their size")
    encrypt = Field(compute=lambda row: False, type=BOOL, help="whether its disks are encrypted")
    state = Field(help="Active or Inactive")
    suitableforvirtualmachine = Field(
        compute=lambda row: None, type=BOOL, help="with virtualmachineid: whether that machine can have its disks"
    )
    details = details_in(DiskOffering, "details", help="options of the offering")
    domainid = Field(compute=joined_uuids("_domains"), needs=("_domains",), type=STRING, help="domains it is kept for")
    domain = Field("_domain_names", type=STRING, help="their names")
    zoneid = Field(compute=joined_uuids("_zones"), needs=("_zones",), type=STRING, help="zones that it is kept for")
    zone = Field("_zone_names", type=STRING, help="their names")

    @classmethod
    def prepare(cls, queryset: QuerySet[Any], *, caller: Caller) -> QuerySet[Any]:
        return with_audience(queryset)


class DiskOfferingForMachineResponse(DiskOfferingResponse):
    suitableforvirtualmachine = Field("_suitable", type=BOOL, help="whether the machine can have its disks")
