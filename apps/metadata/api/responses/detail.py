"""Details on the wire."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from apps.accounts.api.attached import TagFields
from apps.accounts.api.responses.owner import owner_at
from apps.accounts.models.domain import shown_path
from apps.metadata.kinds import Kind
from cloudstack.api import MAP, STRING, Field, Response
from cloudstack.api.fields import FieldType


class ResourceDetailResponse(TagFields):
    object_name = "resourcedetail"

    key = Field(help="its key")
    value = Field(help="its value")
    resourcetype = Field("kind", help="kind of the object that has it")
    resourceid = Field("uuid", type=FieldType.UUID, help="UUID of that object")
    customer = None


class DetailOptionsResponse(Response):
    object_name = "detailoptions"

    details = Field(type=MAP, help="keys that the platform knows, each with the values that it can have")


@cache
def response_for(kind: Kind) -> type[ResourceDetailResponse]:
    """What shows rows of the kind's model that are annotated with ``_key`` and ``_value``."""
    path = f"{kind.owner}__" if kind.owner else ""
    columns: dict[str, Any] = {
        "__doc__": f"A detail of objects of kind {kind.name}.",
        "model": kind.model,
        "key": Field("_key", type=STRING),
        "value": Field("_value", type=STRING),
        "resourcetype": Field(compute=lambda row: kind.name, type=STRING),
    }
    if kind.is_owned:
        columns["account"], columns["projectid"], columns["project"] = owner_at(f"{path}account")
        columns["domainid"] = Field(f"{path}domain__uuid")
        columns["domain"] = Field(f"{path}domain__name")
        columns["domainpath"] = Field(compute=_path_at(f"{path}domain__path"), needs=(f"{path}domain__path",))
    else:
        columns.update(dict.fromkeys(("account", "projectid", "project", "domainid", "domain", "domainpath")))
    return type("ResourceDetailOfKind", (ResourceDetailResponse,), columns)


def _path_at(path: str) -> Any:
    def read(row: Mapping[str, Any]) -> str:
        return shown_path(row[path])

    return read
