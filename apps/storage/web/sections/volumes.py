"""Volumes on the users' pages."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.storage.web.sections.images import FORMATS
from cloudstack.pages import Column, Filter, Input, Kind, Listed, Operation, Option, Section, register

OFFERINGS = Listed(
    command="listDiskOfferings",
    hint=lambda row: _("size of your choice") if row.get("iscustomized") else f"{row.get('disksize', 0)} GiB",
)
SIZE = Input(
    wire="size",
    label=_("Size"),
    unit="GiB",
    help=_("Needed where the offering leaves the size to you; otherwise leave it empty."),
)


def _is_data(row: Any) -> bool:
    return row.get("type") != "ROOT"


@register
class Volumes(Section):
    slug = "volumes"
    title = _("Volumes")
    singular = _("volume")
    group = _("Storage")
    order = 30
    icon = "disk"
    help = _("Disks. The root disk of a machine comes and goes with it; data disks are yours to attach and detach.")
    empty = _("Make a data disk and attach it to one of your machines.")
    lists = "listVolumes"
    columns = (
        Column(wire="name", label=_("Name")),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
        Column(wire="size", label=_("Size"), kind=Kind.BYTES),
        Column(wire="type", label=_("Kind"), wide=True),
        Column(
            wire="vmname",
            label=_("Attached to"),
            to=("instances", "virtualmachineid"),
            value=lambda row: row.get("vmdisplayname") or row.get("vmname"),
            needs=("vmname", "vmdisplayname"),
        ),
        Column(wire="zonename", label=_("Zone"), wide=True),
    )
    filters = (
        Filter(
            wire="type", label=_("Kind"), options=(Option("ROOT", _("root disk")), Option("DATADISK", _("data disk")))
        ),
        Filter(wire="zoneid", label=_("Zone"), options=Listed(command="listZones")),
    )
    facts = (
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
        Column(wire="size", label=_("Size"), kind=Kind.BYTES),
        Column(wire="physicalsize", label=_("Space taken"), kind=Kind.BYTES),
        Column(wire="type", label=_("Kind")),
        Column(
            wire="vmname",
            label=_("Attached to"),
            to=("instances", "virtualmachineid"),
            value=lambda row: row.get("vmdisplayname") or row.get("vmname"),
        ),
        Column(wire="deviceid", label=_("Device number")),
        Column(wire="attached", label=_("Attached"), kind=Kind.WHEN),
        Column(wire="diskofferingname", label=_("Offering")),
        Column(wire="templatename", label=_("Made from")),
        Column(wire="zonename", label=_("Zone")),
        Column(wire="deleteprotection", label=_("Protected from deletion"), kind=Kind.YES_NO),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN),
        Column(wire="project", label=_("Project")),
    )
    create = Operation(
        command="createVolume",
        label=_("New volume"),
        icon="plus",
        help=_("An empty data disk. It takes no room until it is first attached to a machine."),
        inputs=(
            Input(wire="name", label=_("Name"), help=_("As you like; you will know the disk by it."), required=True),
            Input(
                wire="zoneid",
                label=_("Zone"),
                help=_("Where the disk is. It can be attached to machines of the same zone."),
                options=Listed(command="listZones"),
            ),
            Input(
                wire="diskofferingid",
                label=_("Offering"),
                help=_("How large and how fast the disk is."),
                options=OFFERINGS,
                cards=True,
            ),
            SIZE,
        ),
    )
    further_creates = (
        Operation(
            command="uploadVolume",
            label=_("Fetch from an address"),
            icon="download",
            help=_("A disk image is fetched from an address that the cloud can reach."),
            inputs=(
                Input(wire="name", label=_("Name")),
                Input(wire="url", label=_("Address of the image"), placeholder="https://", help=_("http or https.")),
                Input(wire="format", label=_("Format"), options=FORMATS),
                Input(wire="zoneid", label=_("Zone"), options=Listed(command="listZones")),
                Input(wire="diskofferingid", label=_("Offering"), options=OFFERINGS, advanced=True),
                Input(
                    wire="checksum",
                    label=_("Checksum"),
                    help=_("If you give it, only exactly this image is taken."),
                    advanced=True,
                ),
            ),
        ),
    )
    operations = (
        Operation(
            command="attachVolume",
            label=_("Attach"),
            icon="link",
            main=True,
            help=_("The disk appears in the machine at once, running or not."),
            suits=lambda row: _is_data(row) and not row.get("virtualmachineid"),
            inputs=(
                Input(
                    wire="virtualmachineid",
                    label=_("Machine"),
                    options=Listed(command="listVirtualMachines", takes={"zoneid": "row.zoneid"}),
                ),
                Input(
                    wire="deviceid",
                    label=_("Device number"),
                    help=_("The next free one if you leave it empty."),
                    advanced=True,
                ),
            ),
        ),
        Operation(
            command="detachVolume",
            label=_("Detach"),
            icon="link",
            danger=True,
            help=_("Unmount it in the machine first: what is not written yet is lost."),
            suits=lambda row: bool(row.get("virtualmachineid")),
        ),
        Operation(
            command="resizeVolume",
            label=_("Resize"),
            icon="resize",
            help=_("Larger at any time; smaller only where the machine is stopped, and what lies behind is lost."),
            inputs=(
                Input(
                    wire="size",
                    label=_("New size"),
                    unit="GiB",
                    initial=lambda row: -(-int(row.get("size") or 0) // 2**30),
                    required=True,
                ),
                Input(wire="shrinkok", label=_("I know that a smaller disk loses what lies behind its new end")),
            ),
        ),
        Operation(
            command="changeOfferingForVolume",
            label=_("Other offering"),
            icon="again",
            inputs=(Input(wire="diskofferingid", label=_("Offering"), options=OFFERINGS, cards=True), SIZE),
        ),
        Operation(
            command="createTemplate",
            label=_("Make a template"),
            icon="image",
            parameter="volumeid",
            help=_("A template of this disk, to make more machines like this one."),
            inputs=(
                Input(wire="name", label=_("Name")),
                Input(wire="displaytext", label=_("Description")),
                Input(
                    wire="ostypeid",
                    label=_("Operating system"),
                    options=Listed(command="listOsTypes", label=lambda row: row["description"]),
                ),
            ),
        ),
        Operation(
            command="updateVolume",
            label=_("Edit"),
            icon="edit",
            inputs=(
                Input(wire="name", label=_("Name"), initial=lambda row: row.get("name")),
                Input(
                    wire="deleteprotection",
                    label=_("Protect from deletion"),
                    initial=lambda row: row.get("deleteprotection"),
                ),
            ),
        ),
        Operation(
            command="extractVolume",
            label=_("Download"),
            icon="download",
            help=_("A link is made from which the disk can be fetched for a while; the job shows it."),
            params=lambda row: {"id": row["id"], "zoneid": row.get("zoneid", ""), "mode": "HTTP_DOWNLOAD"},
        ),
        Operation(
            command="recoverVolume",
            label=_("Bring back"),
            icon="again",
            suits=lambda row: row.get("state") == "Destroy",
        ),
        Operation(
            command="destroyVolume",
            label=_("Destroy"),
            icon="trash",
            types_name=True,
            bulk=True,
            fixed={"expunge": "true"},
            suits=_is_data,
        ),
    )
