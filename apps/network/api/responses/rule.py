"""Rules of firewalls on the wire."""

from typing import Any

from apps.accounts.api.attached import Tagged
from apps.network.models import NetworkRule
from cloudstack.api import INT, STRING, Field
from cloudstack.contracts.network import RuleKind


def joined(column: str, **options: Any) -> Field:
    """Networks, separated by commas."""
    return Field(compute=lambda row: ",".join(row[column]) or None, needs=(column,), type=STRING, **options)


class FirewallResponse(Tagged):
    """A rule on what may reach a public address, or on what may leave a network."""

    object_name = "firewallrule"
    model = NetworkRule

    id = Field("uuid")
    state = Field(help="Add, Active or Revoke")
    protocol = Field(help="tcp, udp, icmp, all or a number")
    startport = Field("start_port", type=INT, help="first port; all if left out")
    endport = Field("end_port", type=INT)
    icmptype = Field("icmp_type", type=INT, help="-1 for any")
    icmpcode = Field("icmp_code", type=INT, help="-1 for any")
    cidrlist = joined("sources", help="where the packets come from")
    destcidrlist = joined("destinations", help="where they go, for traffic out of a network")
    traffictype = Field(
        compute=lambda row: "Egress" if row["kind"] == RuleKind.EGRESS else "Ingress", needs=("kind",), type=STRING
    )
    ipaddressid = Field("address__uuid")
    ipaddress = Field("address__address")
    networkid = Field("network__uuid")
    fordisplay = Field("for_display", admin_only=True, help="whether ordinary users see it")
