"""A template, or an ISO, on the wire."""

from collections.abc import Mapping
from typing import Any

from django.db.models import OuterRef, Subquery

from apps.accounts.api.attached import Annotated, Iconed, Tagged, details_in
from apps.accounts.api.responses.owner import OwnerFields
from apps.storage.models import Iso, Template, TemplateStoreRef, TemplateZone
from apps.storage.states import TemplateState
from cloudstack.api import BOOL, DATE, INT, LIST, LONG, MAP, STRING, Field, Loaded
from cloudstack.framework.context import Caller

READY_TEXT = "Download Complete"
STATUS_TEXTS = {
    TemplateState.CREATING: "Waiting to be downloaded",
    TemplateState.NOT_UPLOADED: "Waiting to be uploaded",
    TemplateState.UPLOADING: "Upload is being checked",
    TemplateState.UPLOAD_ABANDONED: "Nothing was uploaded in time",
    TemplateState.DESTROYING: "Being deleted",
}


def _status(row: Mapping[str, Any]) -> str:
    state = row["state"]
    if state == TemplateState.ACTIVE:
        return READY_TEXT
    if row["error"]:
        return str(row["error"])
    return STATUS_TEXTS.get(state, str(state))


def _zone(column: str) -> Subquery:
    """The zone of a template that is in one zone only, as a column of the page's own statement."""
    return Subquery(TemplateZone.objects.filter(template_id=OuterRef("pk")).order_by("id").values(column)[:1])


def _downloads(keys: list[int], caller: Caller) -> dict[int, list[dict[str, str]]]:
    """How far each store is; operators only."""
    found: dict[int, list[dict[str, str]]] = {}
    rows = TemplateStoreRef.objects.filter(template__in=keys).order_by("id")
    for key, store, percent, state in rows.values_list("template_id", "store__name", "percent", "state"):
        found.setdefault(key, []).append({"datastore": store, "downloadPercent": str(percent), "downloadState": state})
    return found


class TemplateResponse(OwnerFields, Tagged, Iconed, Annotated):
    object_name = "template"
    model = Template

    id = Field("uuid", help="UUID of the template")
    name = Field(help="name of the template")
    displaytext = Field("display_text", help="what it is")
    ispublic = Field("is_public", type=BOOL, help="whether everybody may use it")
    isfeatured = Field("is_featured", type=BOOL, help="whether it is shown first")
    isextractable = Field("is_extractable", type=BOOL, help="whether it can be downloaded")
    crossZones = Field("is_cross_zone", type=BOOL, help="whether it is in every zone")
    created = Field(type=DATE, help="when it was registered")
    removed = Field(type=DATE, help="when it was deleted")
    isready = Field(
        compute=lambda row: row["state"] == TemplateState.ACTIVE,
        needs=("state",),
        type=BOOL,
        help="whether machines can be made from it",
    )
    status = Field(compute=_status, needs=("state", "error"), type=STRING, help="how far it is, or why it is unusable")
    passwordenabled = Field("password_enabled", type=BOOL, help="whether guests can take a new password")
    sshkeyenabled = Field("ssh_key_enabled", type=BOOL, help="whether guests can take a new SSH key")
    format = Field(type=STRING, help="QCOW2, RAW…")
    bootable = Field(type=BOOL, help="whether machines boot from it")
    requireshvm = Field("requires_hvm", type=BOOL, help="whether it needs hardware virtualisation")
    hypervisor = Field(
        compute=lambda row: row["hypervisor"] or None,
        needs=("hypervisor",),
        type=STRING,
        help="hypervisor that runs it; none for an ISO",
    )
    ostypeid = Field("guest_os__uuid", help="guest operating system")
    ostypename = Field("guest_os__description", help="name of the guest operating system")
    accountid = Field("account__uuid", help="UUID of the account that owns it")
    size = Field("virtual_size_bytes", type=LONG, help="bytes of the disk that it describes")
    physicalsize = Field("physical_size_bytes", type=LONG, help="bytes of its file")
    userdataid = Field("user_data_link__user_data__uuid", help="user data that its machines get")
    userdataname = Field("user_data_link__user_data__name", help="name of that user data")
    userdatapolicy = Field("user_data_link__policy", help="what becomes of a user's own data beside it")
    userdataparams = Field(
        compute=lambda row: row["user_data_link__user_data__params"] or None,
        needs=("user_data_link__user_data__params",),
        type=STRING,
        help="variables in it",
    )
    templatetype = Field("type", help="USER, BUILTIN or SYSTEM")
    checksum = Field(
        compute=lambda row: row["checksum"] or (f"{{SHA-256}}{row['sha256']}" if row["sha256"] else None),
        needs=("checksum", "sha256"),
        type=STRING,
        help="checksum of its file",
    )
    url = Field(
        compute=lambda row: row["url"] or None,
        needs=("url",),
        type=STRING,
        admin_only=True,  # an address may hold a token
        help="where it came from",
    )
    templatetag = Field(
        compute=lambda row: row["tag"] or None, needs=("tag",), type=STRING, admin_only=True, help="tag of its hosts"
    )
    bits = Field(type=INT, help="32 or 64")
    arch = Field("architecture", help="CPU architecture")
    isdynamicallyscalable = Field("dynamically_scalable", type=BOOL, help="whether its machines can grow while running")
    directdownload = Field("direct_download", type=BOOL, help="whether hosts download it themselves")
    deployasis = Field(compute=lambda row: False, type=BOOL, help="whether the image says how its machines look")
    deployasisdetails = Field(compute=lambda row: {}, type=MAP, help="what the image says of its machines")
    forcks = Field(compute=lambda row: False, type=BOOL, help="whether it is for Kubernetes nodes")
    childtemplates = Field(compute=lambda row: [], type=LIST, help="templates that belong to it")
    sourcetemplateid = Field("source_template__uuid", help="template of the volume that it was made from")
    details = details_in(Template, "details", help="options of its machines")
    zoneid = Field(expression=lambda: _zone("zone__uuid"), help="the zone that it is in, unless it is in all")
    zonename = Field(expression=lambda: _zone("zone__name"), help="name of that zone")
    downloaddetails = Loaded(_downloads, type=LIST, admin_only=True, help="how far each image store is")


class IsoResponse(TemplateResponse):
    object_name = "iso"
    model = Iso
