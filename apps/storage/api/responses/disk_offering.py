"""A disk offering on the wire."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Aggregate, OuterRef, QuerySet, Subquery, TextField

from apps.storage.models import DiskOffering
from cloudstack.api import BOOL, DATE, LONG, MAP, STRING, Field, Response
from cloudstack.framework.context import Caller


class Joined(Aggregate):
    """The values of a column as a comma list."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "STRING_AGG((%(expressions)s)::text, ',')"
        return super().as_sql(compiler, connection, template=template, **context)


def _kept_for(through: Any, column: str) -> Subquery:
    rows = through.objects.filter(diskoffering_id=OuterRef("pk")).order_by().values("diskoffering_id")
    return Subquery(rows.annotate(joined=Joined(column)).values("joined"), output_field=TextField())


def _uuids(name: str) -> Any:
    """SQLite stores UUIDs without hyphens, so each is written anew."""

    def read(row: Mapping[str, Any]) -> str | None:
        return ",".join(str(UUID(part)) for part in row[name].split(",")) if row[name] else None

    return read


def _storage(row: Mapping[str, Any]) -> str:
    return "local" if row["local_storage"] else "shared"


class DiskOfferingResponse(Response):
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
    cacheMode = Field("cache_mode", help="none, writeback or writethrough")
    displayoffering = Field("is_displayed", type=BOOL, help="whether users see it")
    disksizestrictness = Field("size_is_strict", type=BOOL, help="whether its disks keep their size")
    encrypt = Field(compute=lambda row: False, type=BOOL, help="whether its disks are encrypted")
    state = Field(help="Active or Inactive")
    details = Field(type=MAP, help="options of the offering")
    domainid = Field(compute=_uuids("_domains"), needs=("_domains",), type=STRING, help="domains that it is kept for")
    domain = Field("_domain_names", type=STRING, help="their names")
    zoneid = Field(compute=_uuids("_zones"), needs=("_zones",), type=STRING, help="zones that it is kept for")
    zone = Field("_zone_names", type=STRING, help="their names")

    @classmethod
    def prepare(cls, queryset: QuerySet[Any], *, caller: Caller) -> QuerySet[Any]:
        domains, zones = DiskOffering.domains.through, DiskOffering.zones.through
        return queryset.annotate(
            _domains=_kept_for(domains, "domain__uuid"),
            _domain_names=_kept_for(domains, "domain__name"),
            _zones=_kept_for(zones, "zone__uuid"),
            _zone_names=_kept_for(zones, "zone__name"),
        )
