"""Rules of addresses and networks, as panels of their pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cloudstack.pages import Column, Input, Kind, Listed, Operation, Option, Panel

_PROTOCOLS = (Option("tcp", "TCP"), Option("udp", "UDP"), Option("icmp", "ICMP"), Option("all", _("all")))


def _ports(first: str, last: str) -> Any:
    def shown(row: Mapping[str, Any]) -> str:
        if row.get(first) is None:
            return str(_("all"))
        begin, end = row[first], row.get(last)
        return str(begin) if end in (None, begin) else f"{begin}–{end}"

    return shown


_RULE = (
    Column(wire="protocol", label=_("Protocol")),
    Column(wire="startport", label=_("Ports"), value=_ports("startport", "endport")),
    Column(wire="cidrlist", label=_("From"), kind=Kind.CODE),
    Column(wire="state", label=_("State"), kind=Kind.STATE),
)
_RANGE = (
    Input(wire="protocol", label=_("Protocol"), options=_PROTOCOLS),
    Input(wire="startport", label=_("First port"), help=_("All ports if you leave it empty.")),
    Input(wire="endport", label=_("Last port"), help=_("Only the first one if you leave it empty.")),
    Input(
        wire="cidrlist",
        label=_("From"),
        placeholder="192.0.2.0/24",
        help=_("Networks that are let in, with commas between them; everybody if you leave it empty."),
    ),
)
FIREWALL = Panel(
    title=_("Firewall"),
    command="listFirewallRules",
    params=lambda row: {"ipaddressid": row["id"]},
    columns=_RULE,
    adds=(
        Operation(
            command="createFirewallRule",
            label=_("Let something in"),
            icon="plus",
            parameter="ipaddressid",
            inputs=_RANGE,
        ),
    ),
    operations=(Operation(command="deleteFirewallRule", label=_("Delete"), icon="trash"),),
    empty=_("Nothing is let in from outside yet."),
)
FORWARDING = Panel(
    title=_("Port forwarding"),
    command="listPortForwardingRules",
    params=lambda row: {"ipaddressid": row["id"]},
    columns=(
        Column(wire="protocol", label=_("Protocol")),
        Column(wire="publicport", label=_("Ports outside"), value=_ports("publicport", "publicendport")),
        Column(wire="privateport", label=_("Ports inside"), value=_ports("privateport", "privateendport")),
        Column(wire="virtualmachinename", label=_("Machine"), to=("instances", "virtualmachineid")),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
    ),
    adds=(
        Operation(
            command="createPortForwardingRule",
            label=_("Forward a port"),
            icon="plus",
            parameter="ipaddressid",
            inputs=(
                Input(
                    wire="virtualmachineid",
                    label=_("Machine"),
                    options=Listed(command="listVirtualMachines", takes={"networkid": "row.associatednetworkid"}),
                ),
                Input(wire="protocol", label=_("Protocol"), options=_PROTOCOLS[:2]),
                Input(wire="publicport", label=_("Port outside"), help=_("At the public address.")),
                Input(wire="privateport", label=_("Port inside"), help=_("At the machine.")),
                Input(wire="openfirewall", label=_("Let it through the firewall, too"), initial="true"),
                Input(wire="publicendport", label=_("Last port outside"), advanced=True),
                Input(wire="privateendport", label=_("Last port inside"), advanced=True),
            ),
        ),
    ),
    operations=(Operation(command="deletePortForwardingRule", label=_("Delete"), icon="trash"),),
    suits=lambda row: not row.get("isstaticnat"),
    empty=_("No port leads to a machine yet."),
)
EGRESS = Panel(
    title=_("What machines may reach outside"),
    command="listEgressFirewallRules",
    params=lambda row: {"networkid": row["id"]},
    columns=_RULE,
    adds=(
        Operation(
            command="createEgressFirewallRule",
            label=_("New rule"),
            icon="plus",
            parameter="networkid",
            inputs=(
                *_RANGE[:3],
                Input(
                    wire="cidrlist",
                    label=_("From"),
                    help=_("Addresses of your machines; all of the network if you leave it empty."),
                ),
                Input(
                    wire="destcidrlist",
                    label=_("To"),
                    help=_("Networks outside; everywhere if you leave it empty."),
                ),
            ),
        ),
    ),
    operations=(Operation(command="deleteEgressFirewallRule", label=_("Delete"), icon="trash"),),
    suits=lambda row: any(one["name"] == "Firewall" for one in row.get("service", ())),
    empty=_("No rule: the network's offering says what is let out."),
)
