"""Ranges of addresses and public addresses on the wire."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from apps.accounts.api.attached import Annotated, Tagged
from apps.accounts.api.responses.owner import owner_at
from apps.accounts.models.domain import shown_path
from apps.network.api.responses.network import constant, shown
from apps.network.models import NetworkRule, PublicIpAddress, VlanIpRange
from cloudstack.api import BOOL, DATE, STRING, Field, Response
from cloudstack.contracts.network import RuleKind

Row = Mapping[str, Any]


def _domain(column: str, present: Callable[[Any], Any] = str) -> Field:
    """The domain that a public range is kept for, or the one that its shared network is for."""
    kept, of_network = f"dedicated_domain__{column}", f"network__access_domain__{column}"

    def compute(row: Row) -> Any:
        value = row[kept] if row[kept] is not None else row[of_network]
        return None if value is None else present(value)

    return Field(compute=compute, needs=(kept, of_network), type=STRING)


class VlanIpRangeResponse(Response):
    """A range of addresses of a shared network, or of public addresses."""

    object_name = "vlan"
    model = VlanIpRange

    id = Field("uuid")
    startip = Field("start_ip")
    endip = Field("end_ip")
    gateway = Field()
    netmask = Field()
    cidr = Field(
        compute=lambda row: str(ipaddress.IPv4Network(f"{row['gateway']}/{row['netmask']}", strict=False)),
        needs=("gateway", "netmask"),
        type=STRING,
    )
    vlan = shown("vlan")
    networkid = Field("network__uuid", help="the shared network that gives the addresses out")
    physicalnetworkid = Field("physical_network__uuid")
    zoneid = Field("physical_network__zone__uuid")
    account, projectid, project = owner_at("dedicated_account")
    domainid = _domain("uuid")
    domain = _domain("name")
    domainpath = _domain("path", shown_path)
    forvirtualnetwork = Field(
        compute=lambda row: row["network_id"] is None,
        needs=("network_id",),
        type=BOOL,
        help="whether it is for public addresses",
    )
    forsystemvms = Field("for_system_vms", help="whether it is kept for machines of the platform itself")


def _rules() -> QuerySet[NetworkRule]:
    return NetworkRule.objects.filter(address=OuterRef("pk")).order_by()


def _static_nat(column: str) -> Subquery:
    return Subquery(_rules().filter(kind=RuleKind.STATIC_NAT).values(column)[:1])


class PublicIpResponse(Tagged, Annotated):
    """A public address. Rules can be bound to one where a network element gives their service."""

    object_name = "ipaddress"
    model = PublicIpAddress

    id = Field("uuid")
    ipaddress = Field("address")
    state = Field(help="Free, Reserved, Allocating, Allocated or Releasing")
    allocated = Field("allocated", type=DATE, help="when the account got it")
    zoneid = Field("zone__uuid")
    zonename = Field("zone__name")
    account, projectid, project = owner_at("account")
    domainid = Field("domain__uuid")
    domain = Field("domain__name")
    domainpath = Field(
        compute=lambda row: None if row["domain__path"] is None else shown_path(row["domain__path"]),
        needs=("domain__path",),
        type=STRING,
    )
    associatednetworkid = Field("network__uuid", help="guest network that it was acquired for")
    associatednetworkname = Field("network__name")
    physicalnetworkid = Field("ip_range__physical_network__uuid", admin_only=True)
    vlanid = Field("ip_range__uuid", admin_only=True, help="range that it belongs to")
    vlanname = Field("ip_range__vlan", admin_only=True)
    forsystemvms = Field("ip_range__for_system_vms", admin_only=True)
    fordisplay = Field("for_display", admin_only=True, help="whether ordinary users see it")
    forvirtualnetwork = constant(True, type=BOOL)
    virtualmachineid = Field(expression=lambda: _static_nat("vm_uuid"), type=STRING, help="machine that it stands for")
    vmipaddress = Field(expression=lambda: _static_nat("guest_ip"), type=STRING, help="address of that machine")
    issourcenat = constant(False, type=BOOL, help="whether a network's guests go out with it; nobody gives that yet")
    isstaticnat = Field(
        expression=lambda: Exists(_rules().filter(kind=RuleKind.STATIC_NAT)),
        type=BOOL,
        help="whether it stands for one machine",
    )
    hasrules = Field(expression=lambda: Exists(_rules()), type=BOOL, help="whether rules are about it")
    issystem = constant(False, type=BOOL)
    isportable = constant(False, type=BOOL)
    forprovider = constant(False, type=BOOL)
