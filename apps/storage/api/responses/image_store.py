"""An image store on the wire."""

from collections.abc import Mapping
from typing import Any

from apps.accounts.api.attached import Annotated
from apps.storage.models import ImageStore
from cloudstack.api import BOOL, LONG, STRING, Field


def _scope(row: Mapping[str, Any]) -> str:
    return "ZONE" if row["zone_id"] else "REGION"


class ImageStoreResponse(Annotated):
    object_name = "imagestore"
    model = ImageStore

    id = Field("uuid", help="UUID of the store")
    name = Field(help="name of the store")
    zoneid = Field("zone__uuid", help="zone that it serves; none when it serves all")
    zonename = Field("zone__name", help="name of that zone")
    url = Field(help="where it is")
    protocol = Field(help="how it is reached")
    providername = Field("provider", help="plugin that talks to it")
    scope = Field(compute=_scope, needs=("zone_id",), type=STRING, help="ZONE or REGION")
    readonly = Field("read_only", type=BOOL, help="whether nothing new is put there")
    disksizetotal = Field("capacity_bytes", type=LONG, help="its size in bytes")
    disksizeused = Field("used_bytes", type=LONG, help="bytes in use")
