"""Templates and ISOs on the users' pages."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cloudstack.pages import Column, Filter, Input, Kind, Listed, Operation, Option, Section, register

FORMATS = (Option("QCOW2", "QCOW2"), Option("RAW", _("raw")))
OSES = Listed(command="listOsTypes", label=lambda row: row["description"])
_SETS = (
    Option("executable", _("ready for use")),
    Option("self", _("your own")),
    Option("featured", _("recommended")),
    Option("community", _("of other people")),
)
_COLUMNS = (
    Column(wire="name", label=_("Name")),
    Column(wire="status", label=_("State")),
    Column(wire="ostypename", label=_("Operating system"), wide=True),
    Column(wire="size", label=_("Size"), kind=Kind.BYTES),
    Column(wire="zonename", label=_("Zone"), wide=True),
    Column(wire="account", label=_("Owner"), wide=True),
    Column(wire="ispublic", label=_("For everybody"), kind=Kind.YES_NO, wide=True),
)
_FACTS = (
    Column(wire="id", label=_("ID"), kind=Kind.CODE),
    Column(wire="displaytext", label=_("Description")),
    Column(wire="status", label=_("State")),
    Column(wire="ostypename", label=_("Operating system")),
    Column(wire="size", label=_("Size"), kind=Kind.BYTES),
    Column(wire="format", label=_("Format")),
    Column(wire="checksum", label=_("Checksum"), kind=Kind.CODE),
    Column(wire="zonename", label=_("Zone")),
    Column(wire="account", label=_("Owner")),
    Column(wire="ispublic", label=_("For everybody"), kind=Kind.YES_NO),
    Column(wire="passwordenabled", label=_("Takes a password"), kind=Kind.YES_NO),
    Column(wire="created", label=_("Created"), kind=Kind.WHEN),
    Column(wire="tags", label=_("Tags"), kind=Kind.TAGS),
)
_ADDRESS = Input(
    wire="url",
    label=_("Address of the image"),
    placeholder="https://",
    help=_("http or https; the cloud fetches it from there and keeps its own copy."),
)
_CHECKSUM = Input(
    wire="checksum",
    label=_("Checksum"),
    help=_("If you give it, only exactly this image is taken."),
    advanced=True,
)


def _uploading(slug: str) -> Any:
    """Where the file of what was just made goes, and where one looks at it afterwards."""

    def context(answer: Mapping[str, Any]) -> Mapping[str, Any]:
        signed = {name: answer[name] for name in ("metadata", "expires", "signature")}
        # Only the path: the page's own server takes the file, under whatever name it is reached.
        path = urlsplit(answer["postURL"]).path
        then = reverse(f"portal:{slug}-object", args=[answer["id"]])
        return {"upload_url": f"{path}?{urlencode(signed)}", "then": then}

    return context


class _Images(Section):
    group = _("Images")
    icon = "image"
    state = ""
    columns = _COLUMNS
    facts = _FACTS
    filter_name = "templatefilter"

    def one(self, uuid: str) -> Mapping[str, str] | Sequence[Mapping[str, str]]:
        """Of those ready for use, or of one's own that is still on its way, or for administrators any."""
        return [{self.filter_name: name, "id": uuid} for name in ("executable", "self", "all")]


@register
class Templates(_Images):
    slug = "templates"
    title = _("Templates")
    singular = _("template")
    order = 40
    help = _("Images of disks from which machines are made.")
    empty = _("Register an image by its address, or make a template of the disk of one of your machines.")
    lists = "listTemplates"
    list_params = {"templatefilter": "executable"}
    filters = (
        Filter(wire="templatefilter", label=_("Which"), options=_SETS),
        Filter(wire="zoneid", label=_("Zone"), options=Listed(command="listZones")),
    )
    create = Operation(
        command="registerTemplate",
        label=_("Register by address"),
        icon="plus",
        inputs=(
            Input(wire="name", label=_("Name")),
            Input(wire="displaytext", label=_("Description"), help=_("What it is, for whoever chooses it.")),
            _ADDRESS,
            Input(wire="format", label=_("Format"), options=FORMATS),
            Input(
                wire="hypervisor",
                label=_("Hypervisor"),
                options=Listed(command="listHypervisors", value="name"),
            ),
            Input(wire="ostypeid", label=_("Operating system"), options=OSES),
            Input(wire="zoneid", label=_("Zone"), options=Listed(command="listZones"), required=True),
            Input(
                wire="passwordenabled",
                label=_("It takes a password"),
                help=_("Its start-up asks the cloud for a password."),
            ),
            Input(wire="isextractable", label=_("It may be downloaded"), advanced=True),
            _CHECKSUM,
        ),
    )
    further_creates = (
        Operation(
            command="getUploadParamsForTemplate",
            label=_("Upload a file"),
            icon="upload",
            inputs=tuple(one for one in create.inputs if one.wire != "url"),
            answer_template="portal/upload.html",
            answer_context=_uploading("templates"),
        ),
    )
    operations = (
        Operation(
            command="updateTemplate",
            label=_("Edit"),
            icon="edit",
            inputs=(
                Input(wire="name", label=_("Name"), initial=lambda row: row.get("name")),
                Input(wire="displaytext", label=_("Description"), initial=lambda row: row.get("displaytext")),
                Input(
                    wire="ostypeid", label=_("Operating system"), options=OSES, initial=lambda row: row.get("ostypeid")
                ),
                Input(
                    wire="passwordenabled",
                    label=_("It takes a password"),
                    initial=lambda row: row.get("passwordenabled"),
                ),
            ),
        ),
        Operation(
            command="updateTemplatePermissions",
            label=_("Share"),
            icon="users",
            help=_("Name the accounts of your domain that may use it."),
            inputs=(
                Input(wire="accounts", label=_("Accounts"), help=_("Several with commas between them.")),
                Input(
                    wire="op",
                    label=_("What"),
                    options=(
                        Option("add", _("they may use it")),
                        Option("remove", _("they may not use it any more")),
                        Option("reset", _("nobody else may use it any more")),
                    ),
                ),
            ),
        ),
        Operation(
            command="extractTemplate",
            label=_("Download"),
            icon="download",
            help=_("A link is made from which it can be fetched for a while; the job shows it."),
            params=lambda row: {"id": row["id"], "zoneid": row.get("zoneid", ""), "mode": "HTTP_DOWNLOAD"},
        ),
        Operation(command="deleteTemplate", label=_("Delete"), icon="trash", types_name=True, bulk=True),
    )


@register
class Isos(_Images):
    slug = "isos"
    title = _("ISOs")
    singular = _("ISO")
    order = 45
    icon = "disc"
    help = _("Images of discs: to install a machine from, or to attach to one as a drive.")
    empty = _("Register an ISO by its address.")
    lists = "listIsos"
    list_params = {"isofilter": "executable"}
    filter_name = "isofilter"
    filters = (
        Filter(wire="isofilter", label=_("Which"), options=_SETS),
        Filter(wire="zoneid", label=_("Zone"), options=Listed(command="listZones")),
    )
    create = Operation(
        command="registerIso",
        label=_("Register by address"),
        icon="plus",
        inputs=(
            Input(wire="name", label=_("Name")),
            Input(wire="displaytext", label=_("Description")),
            _ADDRESS,
            Input(wire="zoneid", label=_("Zone"), options=Listed(command="listZones")),
            Input(wire="ostypeid", label=_("Operating system"), options=OSES),
            Input(wire="bootable", label=_("A machine can start from it"), initial="true"),
            Input(wire="isextractable", label=_("It may be downloaded"), advanced=True),
            _CHECKSUM,
        ),
    )
    further_creates = (
        Operation(
            command="getUploadParamsForIso",
            label=_("Upload a file"),
            icon="upload",
            inputs=tuple(one for one in create.inputs if one.wire != "url"),
            answer_template="portal/upload.html",
            answer_context=_uploading("isos"),
        ),
    )
    operations = (
        Operation(
            command="attachIso",
            label=_("Attach"),
            icon="link",
            inputs=(Input(wire="virtualmachineid", label=_("Machine"), options=Listed(command="listVirtualMachines")),),
        ),
        Operation(
            command="updateIso",
            label=_("Edit"),
            icon="edit",
            inputs=(
                Input(wire="name", label=_("Name"), initial=lambda row: row.get("name")),
                Input(wire="displaytext", label=_("Description"), initial=lambda row: row.get("displaytext")),
                Input(
                    wire="ostypeid", label=_("Operating system"), options=OSES, initial=lambda row: row.get("ostypeid")
                ),
            ),
        ),
        Operation(command="deleteIso", label=_("Delete"), icon="trash", types_name=True, bulk=True),
    )
