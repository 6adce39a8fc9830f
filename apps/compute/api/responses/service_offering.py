"""A service offering on the wire."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.api.attached import Annotated, details_in
from apps.compute.models import ServiceOffering
from apps.storage.api.responses.kept_for import joined_uuids, with_audience
from cloudstack.api import BOOL, DATE, INT, LONG, STRING, Field
from cloudstack.framework.context import Caller


def _rate(column: str, help: str) -> Field:
    return Field(f"disk_offering__{column}", type=LONG, help=f"{help} (root disk)")


class ServiceOfferingResponse(Annotated):
    object_name = "serviceoffering"
    model = ServiceOffering

    id = Field("uuid", help="UUID of the offering")
    name = Field(help="its name")
    displaytext = Field("display_text", help="what it is for")
    state = Field(help="Active or Inactive")
    cpunumber = Field("cpus", type=INT, help="virtual CPUs")
    cpuspeed = Field("cpu_mhz", type=INT, help="promised MHz of one virtual CPU")
    memory = Field("memory_mib", type=INT, help="memory in MiB")
    created = Field(type=DATE, help="when it was created")
    storagetype = Field(
        compute=lambda row: "local" if row["disk_offering__local_storage"] else "shared",
        needs=("disk_offering__local_storage",),
        type=STRING,
        help="shared or local",
    )
    provisioningtype = Field("disk_offering__provisioning", help="how root disks are provisioned")
    cacheMode = Field("disk_offering__cache_mode", help="cache mode of root disks")
    storagetags = Field(
        compute=lambda row: row["disk_offering__tags"] or None,
        needs=("disk_offering__tags",),
        type=STRING,
        help="tags that pools must have",
    )
    diskofferingdisplaytext = Field("disk_offering__display_text", help="what that kind is")
    diskofferingid = Field("disk_offering__uuid", help="kind of the root disk")
    diskofferingname = Field("disk_offering__name", help="name of the kind of the root disk")
    diskofferingstrictness = Field("disk_offering__size_is_strict", type=BOOL)
    rootdisksize = Field("root_disk_gib", type=INT, help="size of the root disk in GiB")
    offerha = Field("offer_ha", type=BOOL, help="whether machines are restarted when their host dies")
    limitcpuuse = Field("limit_cpu_use", type=BOOL, help="whether the promised CPU speed is also the highest")
    isvolatile = Field("is_volatile", type=BOOL, help="whether root disks are made anew at each start")
    dynamicscalingenabled = Field("dynamic_scaling", type=BOOL, help="whether machines can grow while they run")
    hosttags = Field(
        compute=lambda row: row["host_tags"] or None,
        needs=("host_tags",),
        type=STRING,
        help="tags that hosts must have",
    )
    networkrate = Field("network_rate_mbps", type=INT, help="network rate in Mbit/s")
    iscustomized = Field("is_customized", type=BOOL, help="whether the user chooses the size")
    miniops = Field("disk_offering__min_iops", type=LONG, help="operations per second of root disks at least")
    maxiops = Field("disk_offering__max_iops", type=LONG, help="operations per second of root disks at most")
    diskBytesReadRate = _rate("bytes_read_rate", "bytes read per second at most")
    diskBytesReadRateMax = _rate("bytes_read_rate_max", "bytes read per second in a burst")
    diskBytesReadRateMaxLength = _rate("bytes_read_rate_max_length", "seconds of such a burst")
    diskBytesWriteRate = _rate("bytes_write_rate", "bytes written per second at most")
    diskBytesWriteRateMax = _rate("bytes_write_rate_max", "bytes written per second in a burst")
    diskBytesWriteRateMaxLength = _rate("bytes_write_rate_max_length", "seconds of such a burst")
    diskIopsReadRate = _rate("iops_read_rate", "reads per second at most")
    diskIopsReadRateMax = _rate("iops_read_rate_max", "reads per second in a burst")
    diskIopsReadRateMaxLength = _rate("iops_read_rate_max_length", "seconds of such a burst")
    diskIopsWriteRate = _rate("iops_write_rate", "writes per second at most")
    diskIopsWriteRateMax = _rate("iops_write_rate_max", "writes per second in a burst")
    diskIopsWriteRateMaxLength = _rate("iops_write_rate_max_length", "seconds of such a burst")
    encryptroot = Field(compute=lambda row: False, type=BOOL, help="whether root disks are encrypted")
    iscustomizediops = Field("disk_offering__is_custom_iops", type=BOOL)
    leaseduration = Field("lease_days", type=INT, help="days until the lease of its machines is over")
    leaseexpiryaction = Field(
        compute=lambda row: row["lease_action"] or None,
        needs=("lease_action",),
        type=STRING,
        help="what becomes of them then: STOP or DESTROY",
    )
    issystem = Field(compute=lambda row: False, type=BOOL, help="whether it is for the platform's own machines")
    defaultuse = Field(compute=lambda row: False, type=BOOL)
    serviceofferingdetails = details_in(ServiceOffering, "details", help="further options")
    domainid = Field(
        compute=joined_uuids("_domains"), needs=("_domains",), type=STRING, help="domains that it is kept for"
    )
    domain = Field("_domain_names", type=STRING, help="names of those domains")
    zoneid = Field(compute=joined_uuids("_zones"), needs=("_zones",), type=STRING, help="zones that it is kept for")
    zone = Field("_zone_names", type=STRING, help="names of those zones")

    @classmethod
    def prepare(cls, queryset: QuerySet[Any], *, caller: Caller) -> QuerySet[Any]:
        return with_audience(queryset)
