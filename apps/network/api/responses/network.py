"""Guest networks on the wire."""

from collections.abc import Callable, Mapping
from typing import Any

from apps.accounts.api.attached import Annotated, Iconed, Tagged, details_on
from apps.accounts.api.responses.owner import owner_at
from apps.accounts.models.domain import shown_path
from apps.network.api.responses.service import ServiceResponse, services_loader
from apps.network.models import Network
from apps.network.services.addressing import Span, dotted, guest_span
from apps.network.states import AclType
from cloudstack.api import BOOL, INT, LIST, STRING, Field, Loaded, Response

Row = Mapping[str, Any]


def shown(path: str, **options: Any) -> Field:
    """A text that is left out while it is empty."""
    return Field(compute=lambda row: row[path] or None, needs=(path,), type=STRING, **options)


def constant(value: Any, **options: Any) -> Field:
    return Field(compute=lambda row: value, **options)


def _of_domain(column: str, present: Callable[[Any], Any] = str, **options: Any) -> Field:
    """The domain that the network is for, else the owner's."""
    mine, open_to = f"domain__{column}", f"access_domain__{column}"

    def compute(row: Row) -> Any:
        value = row[open_to] if row["acl_type"] == AclType.DOMAIN else row[mine]
        return None if value is None else present(value)

    return Field(compute=compute, needs=(mine, open_to, "acl_type"), type=STRING, **options)


def reserved_range(cidr: str, guest_vm_cidr: str) -> str | None:
    """``10.1.1.129-10.1.1.254``: what of the network is left when machines get a part only."""
    if not guest_vm_cidr:
        return None
    whole, part = guest_span(cidr), guest_span(cidr, guest_vm_cidr)
    rest = [Span(whole.first, part.first - 1), Span(part.last + 1, whole.last)]
    return ",".join(f"{dotted(span.first)}-{dotted(span.last)}" for span in rest if len(span))


class NetworkResponse(Tagged, Iconed, Annotated):
    """A guest network. Numbers of segments are the operators' business."""

    object_name = "network"
    model = Network

    id = Field("uuid")
    name = Field()
    displaytext = Field("display_text")
    details = details_on(Network, help="what operators have noted for their tools")
    type = Field("guest_type", help="Isolated, Shared or L2")
    state = Field(help="Allocated, Implementing, Implemented, Shutdown, Setup or Destroy")
    traffictype = constant("Guest", type=STRING)
    broadcastdomaintype = constant("Vxlan", type=STRING)
    broadcasturi = shown("broadcast_uri", admin_only=True, help="vxlan:// and the number of the segment")
    vlan = Field(
        compute=lambda row: None if row["vni"] is None else str(row["vni"]),
        needs=("vni",),
        type=STRING,
        admin_only=True,
        help="number of the segment",
    )
    cidr = Field(
        compute=lambda row: row["guest_vm_cidr"] or row["cidr"] or None,
        needs=("guest_vm_cidr", "cidr"),
        type=STRING,
        help="addresses for its machines",
    )
    networkcidr = Field(
        compute=lambda row: row["cidr"] if row["guest_vm_cidr"] else None,
        needs=("guest_vm_cidr", "cidr"),
        type=STRING,
        help="all of its addresses, where machines get a part only",
    )
    reservediprange = Field(
        compute=lambda row: reserved_range(row["cidr"], row["guest_vm_cidr"]),
        needs=("guest_vm_cidr", "cidr"),
        type=STRING,
        help="addresses that machines do not get",
    )
    gateway = shown("gateway")
    netmask = shown("netmask")
    dns1 = Field(
        compute=lambda row: row["dns1"] or row["zone__dns1"] or None, needs=("dns1", "zone__dns1"), type=STRING
    )
    dns2 = Field(
        compute=lambda row: (row["dns2"] if row["dns1"] else row["zone__dns2"]) or None,
        needs=("dns1", "dns2", "zone__dns2"),
        type=STRING,
    )
    networkdomain = shown("network_domain", help="DNS suffix of its guests")
    privatemtu = Field("mtu", type=INT, help="largest packet of its guests, in bytes")
    zoneid = Field("zone__uuid")
    zonename = Field("zone__name")
    physicalnetworkid = Field("physical_network__uuid", admin_only=True)
    networkofferingid = Field("offering__uuid")
    networkofferingname = Field("offering__name")
    networkofferingdisplaytext = Field("offering__display_text")
    networkofferingavailability = Field("offering__availability")
    networkofferingconservemode = Field("offering__conserve_mode")
    specifyvlan = Field("offering__specify_vlan")
    specifyipranges = Field("offering__specify_ip_ranges")
    ispersistent = Field("offering__is_persistent")
    egressdefaultpolicy = Field("offering__egress_default_policy")
    acltype = Field("acl_type", help="Account or Domain")
    subdomainaccess = Field(
        compute=lambda row: row["subdomain_access"] if row["acl_type"] == AclType.DOMAIN else None,
        needs=("subdomain_access", "acl_type"),
        type=BOOL,
    )
    account, projectid, project = owner_at(
        "account", shown=lambda row: row["acl_type"] == AclType.ACCOUNT, needs=("acl_type",)
    )
    domainid = _of_domain("uuid")
    domain = _of_domain("name")
    domainpath = _of_domain("path", shown_path)
    restartrequired = Field("restart_required")
    canusefordeploy = constant(True, type=BOOL)
    issystem = constant(False, type=BOOL)
    isdefault = constant(False, type=BOOL)
    externalid = shown("external_id", help="its name in a system outside")
    internetprotocol = constant("IPv4", type=STRING)
    displaynetwork = Field("display_network", admin_only=True)
    redundantrouter = constant(False, type=BOOL)
    strechedl2subnet = constant(False, type=BOOL)
    supportsvmautoscaling = constant(False, type=BOOL)
    related = Field("uuid")
    created = Field()
    service = Loaded(services_loader("offering__networks"), type=LIST, response=ServiceResponse)


class NetworkPermissionResponse(Response):
    """One account that a network is shared with."""

    object_name = "networkpermission"

    networkid = Field(type=STRING, help="the network")
    domainid = Field(type=STRING, help="domain of the account")
    domain = Field(type=STRING)
    accountid = Field(type=STRING, help="the account, unless it is a project's")
    account = Field(type=STRING)
    projectid = Field(type=STRING, help="the project")
    project = Field(type=STRING)
