"""Machines on the users' pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cloudstack.pages import Column, Filter, Kind, Listed, Operation, Option, Section, register


def _size(row: Mapping[str, Any]) -> str:
    return f"{row.get('cpunumber', '?')} × {row.get('cpuspeed', '?')} MHz, {row.get('memory', '?')} MiB"


STATES = tuple(
    Option(state, label)
    for state, label in (
        ("Running", _("running")),
        ("Stopped", _("stopped")),
        ("Starting", _("starting")),
        ("Stopping", _("stopping")),
        ("Error", _("error")),
        ("Destroyed", _("destroyed")),
    )
)


@register
class Instances(Section):
    slug = "instances"
    title = _("Instances")
    singular = _("instance")
    group = _("Compute")
    order = 10
    icon = "server"
    help = _("Virtual machines: computers of your own, made from a template in a size of your choice.")
    empty = _("Make your first one: choose a template and a size, everything else can stay as it is.")
    lists = "listVirtualMachines"
    list_params = {"details": "min"}
    columns = (
        Column(
            wire="name",
            label=_("Name"),
            value=lambda row: row.get("displayname") or row.get("name"),
            needs=("name", "displayname"),
        ),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
        Column(wire="ipaddress", label=_("Address"), kind=Kind.CODE),
        Column(wire="serviceofferingname", label=_("Size"), wide=True),
        Column(wire="zonename", label=_("Zone"), wide=True),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN, wide=True),
    )
    filters = (
        Filter(wire="state", label=_("State"), options=STATES),
        Filter(wire="zoneid", label=_("Zone"), options=Listed(command="listZones")),
    )
    facts = (
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
        Column(wire="ipaddress", label=_("Address"), kind=Kind.CODE),
        Column(wire="serviceofferingname", label=_("Size")),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN),
    )
    operations = (
        Operation(command="startVirtualMachine", label=_("Start"), icon="play", bulk=True),
        Operation(command="stopVirtualMachine", label=_("Stop"), icon="stop", bulk=True),
        Operation(command="destroyVirtualMachine", label=_("Destroy"), icon="trash", bulk=True, types_name=True),
    )
