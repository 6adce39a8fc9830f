"""What belongs to a machine: disks, network cards, schedules, tags."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.compute.web import words
from apps.compute.web.operations import IN_ITS_ZONE, alive
from apps.compute.web.words import Row
from cloudstack.pages import OF, Column, Input, Kind, Listed, Operation, Option, Panel

KIND = "UserVm"
"""What machines are called where they are tagged."""


def _further(row: Row) -> list[dict[str, Any]]:
    return [
        {**address, "networkname": card.get("networkname"), "networkid": card.get("networkid")}
        for card in row.get("nic", ())
        for address in card.get("secondaryip") or ()
    ]


def _tags(row: Row) -> list[dict[str, Any]]:
    """A tag has no UUID: its key stands for it in addresses, whatever is in it."""
    return [{**tag, "id": hashlib.sha256(tag["key"].encode()).hexdigest()[:16]} for tag in row.get("tags", ())]


def _card(row: Row) -> dict[str, Any]:
    return {"virtualmachineid": row.get("virtualmachineid") or row[OF]["id"], "nicid": row["id"]}


VOLUMES = Panel(
    title=_("Volumes"),
    command="listVolumes",
    params=lambda row: {"virtualmachineid": row["id"], "listall": "true"},
    section="volumes",
    columns=(
        Column(wire="name", label=_("Name")),
        Column(
            wire="type",
            label=_("Kind"),
            value=lambda row: _("root disk") if row.get("type") == "ROOT" else _("data disk"),
            needs=("type",),
        ),
        Column(wire="size", label=_("Size"), kind=Kind.BYTES),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
        Column(wire="diskofferingname", label=_("Offering"), wide=True),
    ),
    operations=(
        Operation(
            command="detachVolume",
            label=_("Detach"),
            suits=lambda row: row.get("type") == "DATADISK",
            done=_("The disk is being detached"),
        ),
    ),
    adds=(
        Operation(
            command="attachVolume",
            parameter="virtualmachineid",
            label=_("Attach volume"),
            suits=alive,
            inputs=(
                Input(
                    wire="id",
                    label=_("Volume"),
                    help=_("A data disk of this zone that is in no machine."),
                    options=Listed(
                        command="listVolumes",
                        params={"type": "DATADISK"},
                        takes=IN_ITS_ZONE,
                        hint=words.volume,
                        suits=lambda row: not row.get("virtualmachineid"),
                    ),
                    nothing=_("You have none. Make one under “Volumes” first."),
                ),
            ),
        ),
    ),
    empty=_("It has no disks yet."),
)

CARDS = Panel(
    title=_("Network cards"),
    rows=lambda row: row.get("nic", ()),
    columns=(
        Column(wire="networkname", label=_("Network"), to=("networks", "networkid")),
        Column(wire="ipaddress", label=_("Address"), kind=Kind.CODE),
        Column(wire="isdefault", label=_("Default"), kind=Kind.YES_NO),
        Column(wire="macaddress", label=_("MAC address"), kind=Kind.CODE, wide=True),
        Column(wire="type", label=_("Kind of network"), wide=True),
    ),
    operations=(
        Operation(
            command="updateDefaultNicForVirtualMachine",
            label=_("Make default"),
            params=_card,
            suits=lambda row: not row.get("isdefault"),
        ),
        Operation(
            command="addIpToNic",
            parameter="nicid",
            label=_("Add address"),
            help=_("A further address of the card's network. You configure it in the machine yourself."),
            suits=lambda row: row.get("type") != "L2",
            inputs=(Input(wire="ipaddress", label=_("Address"), help=_("Empty: the next free one.")),),
        ),
        Operation(
            command="updateVmNicIp",
            parameter="nicid",
            label=_("Change address"),
            help=_("Gives the card of a stopped machine another address."),
            suits=lambda row: row.get("type") != "L2",
            inputs=(Input(wire="ipaddress", label=_("New address"), help=_("Empty: the next free one.")),),
        ),
        Operation(
            command="removeNicFromVirtualMachine",
            label=_("Remove"),
            params=_card,
            suits=lambda row: not row.get("isdefault"),
        ),
    ),
    adds=(
        Operation(
            command="addNicToVirtualMachine",
            parameter="virtualmachineid",
            label=_("Add network card"),
            suits=alive,
            inputs=(
                Input(
                    wire="networkid",
                    label=_("Network"),
                    options=Listed(command="listNetworks", takes=IN_ITS_ZONE, hint=words.network),
                    cards=True,
                ),
                Input(wire="ipaddress", label=_("Address"), help=_("Empty: the next free one.")),
                Input(wire="macaddress", label=_("MAC address"), help=_("Empty: a free one."), advanced=True),
            ),
        ),
    ),
    empty=_("It is in no network."),
)

ADDRESSES = Panel(
    title=_("Further addresses"),
    rows=_further,
    suits=lambda row: bool(_further(row)),
    columns=(
        Column(wire="ipaddress", label=_("Address"), kind=Kind.CODE),
        Column(wire="networkname", label=_("Network"), to=("networks", "networkid")),
    ),
    operations=(Operation(command="removeIpFromNic", label=_("Give back")),),
)

ACTIONS = (
    Option("START", _("start")),
    Option("STOP", _("stop")),
    Option("REBOOT", _("reboot")),
    Option("FORCE_STOP", _("cut the power")),
    Option("FORCE_REBOOT", _("reset")),
)
_WORDS = {option.value: option.label for option in ACTIONS}
WHEN = Input(
    wire="schedule",
    label=_("When"),
    help=_(
        "Minute, hour, day of the month, month, day of the week. “0 8 * * mon-fri” is 8:00 on working days, "
        "“30 22 * * *” half past ten every evening."
    ),
    placeholder="0 8 * * mon-fri",
    initial=lambda row: row.get("schedule"),
)
TIME_ZONE = Input(
    wire="timezone",
    label=_("Time zone"),
    help=_("Such as Europe/Zurich or UTC."),
    initial=lambda row: row.get("timezone") or "UTC",
)
WHAT_FOR = Input(wire="description", label=_("What it is for"), initial=lambda row: row.get("description"))

SCHEDULES = Panel(
    title=_("Schedules"),
    command="listVMSchedule",
    params=lambda row: {"virtualmachineid": row["id"]},
    columns=(
        Column(wire="action", label=_("Does"), value=lambda row: _WORDS.get(row.get("action", ""), row.get("action"))),
        Column(wire="schedule", label=_("When"), kind=Kind.CODE),
        Column(wire="timezone", label=_("Time zone"), wide=True),
        Column(wire="enabled", label=_("Enabled"), kind=Kind.YES_NO),
        Column(wire="description", label=_("For"), wide=True),
    ),
    operations=(
        Operation(
            command="updateVMSchedule",
            label=_("Enable"),
            fixed={"enabled": "true"},
            suits=lambda row: not row.get("enabled"),
        ),
        Operation(
            command="updateVMSchedule",
            label=_("Disable"),
            fixed={"enabled": "false"},
            suits=lambda row: bool(row.get("enabled")),
        ),
        Operation(
            command="updateVMSchedule",
            label=_("Edit"),
            address="edit-schedule",
            changes_only=True,
            inputs=(WHEN, TIME_ZONE, WHAT_FOR),
        ),
        Operation(
            command="deleteVMSchedule",
            label=_("Delete"),
            params=lambda row: {"virtualmachineid": row["virtualmachineid"], "id": row["id"]},
        ),
    ),
    adds=(
        Operation(
            command="createVMSchedule",
            parameter="virtualmachineid",
            label=_("Add schedule"),
            help=_("Has something done with the machine at set times, for instance stop it every evening."),
            suits=alive,
            inputs=(
                Input(wire="action", label=_("What"), options=ACTIONS, cards=True),
                WHEN,
                TIME_ZONE,
                WHAT_FOR,
                Input(wire="startdate", label=_("From"), help=_("Empty: from now on."), advanced=True),
                Input(wire="enddate", label=_("Until"), help=_("Empty: for ever."), advanced=True),
            ),
        ),
    ),
    empty=_("Nothing is done with it by itself."),
)

TAGS = Panel(
    title=_("Tags"),
    rows=_tags,
    columns=(Column(wire="key", label=_("Key")), Column(wire="value", label=_("Value"))),
    operations=(
        Operation(
            command="deleteTags",
            label=_("Remove"),
            danger=False,
            params=lambda row: {"resourcetype": KIND, "resourceids": row[OF]["id"], "tags[0].key": row["key"]},
        ),
    ),
    adds=(
        Operation(
            command="createTags",
            label=_("Add tags"),
            help=_("Words of your own to find the machine by, such as environment and test."),
            params=lambda row: {"resourcetype": KIND, "resourceids": row["id"]},
            inputs=(Input(wire="tags", label=_("Tags"), pairs=True),),
        ),
    ),
    empty=_("It has no tags."),
)


def machines(params: Callable[[Row], dict[str, Any]]) -> Panel:
    """A table of the machines that ``params`` of their list admit, for pages of what machines have."""
    return Panel(
        title=_("Instances"),
        command="listVirtualMachines",
        params=lambda row: {"details": "min", "listall": "true", **params(row)},
        section="instances",
        columns=(
            Column(
                wire="displayname",
                label=_("Name"),
                value=lambda row: row.get("displayname") or row.get("name"),
                needs=("displayname", "name"),
            ),
            Column(wire="state", label=_("State"), kind=Kind.STATE),
            Column(wire="zonename", label=_("Zone"), wide=True),
        ),
        empty=_("No machine has it."),
    )


PANELS = (VOLUMES, CARDS, ADDRESSES, SCHEDULES, TAGS)
