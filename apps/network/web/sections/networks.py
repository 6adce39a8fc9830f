"""Networks on the users' pages."""

from django.utils.translation import gettext_lazy as _

from apps.network.web.sections.rules import EGRESS
from cloudstack.pages import Column, Filter, Input, Kind, Listed, Operation, Option, Panel, Section, register

OFFERINGS = Listed(
    command="listNetworkOfferings",
    params={"state": "Enabled", "traffictype": "Guest"},
    takes={"zoneid": "zoneid"},
    hint=lambda row: row.get("displaytext") or row.get("guestiptype"),
    suits=lambda row: not row.get("specifyvlan"),
)


@register
class Networks(Section):
    slug = "networks"
    title = _("Networks")
    singular = _("network")
    group = _("Network")
    order = 50
    icon = "network"
    help = _("Networks between your machines, and their way out.")
    empty = _("Make a network: machines need one to be reached.")
    lists = "listNetworks"
    columns = (
        Column(wire="name", label=_("Name")),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
        Column(wire="type", label=_("Kind")),
        Column(wire="cidr", label=_("Addresses"), kind=Kind.CODE),
        Column(wire="networkofferingname", label=_("Offering"), wide=True),
        Column(wire="zonename", label=_("Zone"), wide=True),
    )
    filters = (
        Filter(
            wire="type",
            label=_("Kind"),
            options=(Option("Isolated", _("isolated")), Option("Shared", _("shared")), Option("L2", "L2")),
        ),
        Filter(wire="zoneid", label=_("Zone"), options=Listed(command="listZones")),
    )
    facts = (
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
        Column(wire="displaytext", label=_("Description")),
        Column(wire="type", label=_("Kind")),
        Column(wire="cidr", label=_("Addresses"), kind=Kind.CODE),
        Column(wire="gateway", label=_("Gateway"), kind=Kind.CODE),
        Column(wire="dns1", label=_("Name server"), kind=Kind.CODE),
        Column(wire="networkdomain", label=_("Domain of names"), kind=Kind.CODE),
        Column(wire="networkofferingname", label=_("Offering")),
        Column(wire="zonename", label=_("Zone")),
        Column(
            wire="service",
            label=_("Services"),
            value=lambda row: ", ".join(one["name"] for one in row.get("service", ())),
        ),
        Column(wire="restartrequired", label=_("Needs a restart"), kind=Kind.YES_NO),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN),
        Column(wire="project", label=_("Project")),
        Column(wire="tags", label=_("Tags"), kind=Kind.TAGS),
    )
    create = Operation(
        command="createNetwork",
        label=_("New network"),
        icon="plus",
        inputs=(
            Input(wire="name", label=_("Name")),
            Input(wire="displaytext", label=_("Description"), help=_("What it is for.")),
            Input(wire="zoneid", label=_("Zone"), options=Listed(command="listZones"), reloads=True),
            Input(
                wire="networkofferingid",
                label=_("Offering"),
                help=_("What the network does for its machines: addresses, names, a way out, protection."),
                options=OFFERINGS,
                cards=True,
            ),
            Input(
                wire="gateway",
                label=_("Gateway"),
                placeholder="10.1.1.1",
                help=_("The cloud chooses one if you leave it empty."),
                advanced=True,
            ),
            Input(wire="netmask", label=_("Network mask"), placeholder="255.255.255.0", advanced=True),
            Input(wire="networkdomain", label=_("Domain of names"), placeholder="example.internal", advanced=True),
            Input(wire="dns1", label=_("Name server"), advanced=True),
            Input(wire="dns2", label=_("Second name server"), advanced=True),
        ),
    )
    operations = (
        Operation(
            command="updateNetwork",
            label=_("Edit"),
            icon="edit",
            inputs=(
                Input(wire="name", label=_("Name"), initial=lambda row: row.get("name")),
                Input(wire="displaytext", label=_("Description"), initial=lambda row: row.get("displaytext")),
                Input(
                    wire="networkdomain",
                    label=_("Domain of names"),
                    initial=lambda row: row.get("networkdomain"),
                    advanced=True,
                ),
            ),
        ),
        Operation(
            command="restartNetwork",
            label=_("Restart"),
            icon="again",
            help=_("The services of the network are set up again."),
            inputs=(
                Input(
                    wire="cleanup",
                    label=_("From scratch"),
                    help=_("Its router is made anew; connections are interrupted for a moment."),
                ),
            ),
        ),
        Operation(command="deleteNetwork", label=_("Delete"), icon="trash", types_name=True, bulk=True),
    )
    panels = (
        Panel(
            title=_("Machines"),
            command="listVirtualMachines",
            params=lambda row: {"networkid": row["id"]},
            section="instances",
            columns=(
                Column(wire="name", label=_("Name")),
                Column(wire="state", label=_("State"), kind=Kind.STATE),
                Column(
                    wire="nic",
                    label=_("Address"),
                    kind=Kind.CODE,
                    value=lambda row: ", ".join(nic.get("ipaddress", "") for nic in row.get("nic", ())),
                ),
            ),
            empty=_("No machine is in this network."),
        ),
        Panel(
            title=_("Public addresses"),
            command="listPublicIpAddresses",
            params=lambda row: {"associatednetworkid": row["id"]},
            section="addresses",
            columns=(
                Column(wire="ipaddress", label=_("Address"), kind=Kind.CODE),
                Column(wire="state", label=_("State"), kind=Kind.STATE),
                Column(wire="issourcenat", label=_("Way out of the network"), kind=Kind.YES_NO),
            ),
            adds=(
                Operation(
                    command="associateIpAddress",
                    label=_("Get an address"),
                    icon="plus",
                    params=lambda row: {"networkid": row["id"]},
                ),
            ),
            suits=lambda row: row.get("type") == "Isolated",
            empty=_("No public address belongs to it yet."),
        ),
        EGRESS,
    )
