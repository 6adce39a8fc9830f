"""Public addresses on the users' pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.network.web.sections.rules import FIREWALL, FORWARDING
from cloudstack.pages import Column, Filter, Input, Kind, Listed, Operation, Section, register


@register
class Addresses(Section):
    slug = "addresses"
    title = _("Public addresses")
    singular = _("public address")
    group = _("Network")
    order = 55
    icon = "globe"
    help = _("Addresses under which your machines can be reached from outside.")
    empty = _("Get an address for one of your networks, then forward a port of it to a machine.")
    lists = "listPublicIpAddresses"
    list_params = {"forvirtualnetwork": "true", "allocatedonly": "true"}
    columns = (
        Column(wire="ipaddress", label=_("Address"), kind=Kind.CODE),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
        Column(wire="associatednetworkname", label=_("Network"), to=("networks", "associatednetworkid")),
        Column(wire="issourcenat", label=_("Way out of the network"), kind=Kind.YES_NO, wide=True),
        Column(wire="isstaticnat", label=_("One machine's own"), kind=Kind.YES_NO, wide=True),
        Column(wire="zonename", label=_("Zone"), wide=True),
    )
    filters = (
        Filter(wire="associatednetworkid", label=_("Network"), options=Listed(command="listNetworks")),
        Filter(wire="zoneid", label=_("Zone"), options=Listed(command="listZones")),
    )
    facts = (
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
        Column(wire="associatednetworkname", label=_("Network"), to=("networks", "associatednetworkid")),
        Column(wire="issourcenat", label=_("Way out of the network"), kind=Kind.YES_NO),
        Column(wire="isstaticnat", label=_("One machine's own"), kind=Kind.YES_NO),
        Column(wire="vmipaddress", label=_("Leads to"), kind=Kind.CODE, to=("instances", "virtualmachineid")),
        Column(wire="zonename", label=_("Zone")),
        Column(wire="allocated", label=_("Got"), kind=Kind.WHEN),
        Column(wire="project", label=_("Project")),
        Column(wire="tags", label=_("Tags"), kind=Kind.TAGS),
    )
    create = Operation(
        command="associateIpAddress",
        label=_("Get an address"),
        icon="plus",
        inputs=(
            Input(
                wire="networkid",
                label=_("Network"),
                help=_("The network whose machines are to be reached."),
                options=Listed(command="listNetworks", params={"type": "Isolated"}),
                required=True,
            ),
        ),
    )
    operations = (
        Operation(
            command="enableStaticNat",
            label=_("Give to one machine"),
            icon="link",
            parameter="ipaddressid",
            help=_("Everything that reaches the address is passed on to one machine."),
            suits=lambda row: not row.get("isstaticnat") and not row.get("issourcenat"),
            inputs=(
                Input(
                    wire="virtualmachineid",
                    label=_("Machine"),
                    options=Listed(command="listVirtualMachines", takes={"networkid": "row.associatednetworkid"}),
                ),
            ),
        ),
        Operation(
            command="disableStaticNat",
            label=_("Take from the machine"),
            icon="link",
            parameter="ipaddressid",
            danger=True,
            suits=lambda row: bool(row.get("isstaticnat")),
        ),
        Operation(
            command="disassociateIpAddress",
            label=_("Give back"),
            icon="trash",
            help=_("Its rules go with it, and somebody else may get the address."),
            types_name=True,
            suits=lambda row: not row.get("issourcenat"),
        ),
    )
    panels = (FIREWALL, FORWARDING)

    def title_of(self, row: Mapping[str, Any]) -> str:
        return str(row.get("ipaddress", ""))
