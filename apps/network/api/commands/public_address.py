"""Commands on public addresses."""

from django.db.models import Q

from apps.accounts.api.attached import TagFilter
from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.api.owner import project_ref
from apps.accounts.models import Domain
from apps.infrastructure.models import Zone
from apps.network import events
from apps.network.api.responses.public_address import PublicIpResponse
from apps.network.models import Network, NetworkRule, PhysicalNetwork, PublicIpAddress, VlanIpRange
from apps.network.selectors import free_public_ips, public_ips_visible_to
from apps.network.services.public_addresses import PublicIpManager
from apps.network.states import PublicIpState
from cloudstack.api import (
    EVERYONE,
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    BaseCmd,
    Choice,
    Flag,
    Ref,
    Rest,
    Str,
    SuccessResponse,
)
from cloudstack.contracts.network import RuleKind
from cloudstack.framework.errors import InvalidParameter


class ListPublicIpAddresses(TagFilter, AccountScopedListCmd):
    """Lists public addresses: those of accounts and, with allocatedonly=false, the free ones that you could have."""

    roles = EVERYONE
    response = PublicIpResponse
    object_name = "publicipaddress"
    keyword_fields = ("address",)

    allocated_only = Flag("allocatedonly", default=True, help="only addresses that somebody holds")
    state = Choice("state", PublicIpState, lookup="state", help="Free, Reserved, Allocating, Allocated or Releasing")
    ip_address = Str("ipaddress", lookup="address", help="this address")
    zone = Ref("zoneid", Zone, lookup="zone", help="addresses of this zone")
    ip_range = Ref("vlanid", VlanIpRange, lookup="ip_range", roles=ROOT, help="addresses of this range")
    physical_network = Ref(
        "physicalnetworkid",
        PhysicalNetwork,
        lookup="ip_range__physical_network",
        roles=ROOT,
        help="addresses on this physical network",
    )
    associated_network = Ref(
        "associatednetworkid", Network, lookup="network", help="addresses acquired for this guest network"
    )
    network = Ref("networkid", Network, help="addresses that this network gives out; public ones come from none")
    for_display = Flag("fordisplay", lookup="for_display", roles=ROOT, help="whether ordinary users see them")
    for_system_vms = Flag(
        "forsystemvms", lookup="ip_range__for_system_vms", roles=ROOT, help="addresses of ranges kept for the platform"
    )
    for_virtual_network = Flag("forvirtualnetwork", help="public addresses; false lists nothing")
    for_load_balancing = Flag("forloadbalancing", help="addresses with load balancing; none has any yet")
    source_nat = Flag("issourcenat", help="addresses that guests go out with; there are none yet")
    static_nat = Flag("isstaticnat", help="whether they stand for one machine")
    for_provider = Flag("forprovider", help="addresses kept for external providers; there are none")
    vpc = Str("vpcid", help="addresses of a VPC; there are none")

    def queryset(self):
        held = self.owned(PublicIpAddress.objects.exclude(state=PublicIpState.FREE))
        rows = held
        if self.state == PublicIpState.FREE or (not self.allocated_only and self.state is None):
            if not (self.account or self.project or self.domain):
                free = free_public_ips(caller=self.caller)
                rows = PublicIpAddress.objects.filter(Q(pk__in=held.values("pk")) | Q(pk__in=free.values("pk")))
        if not self.caller.is_root_admin:
            rows = rows.filter(for_display=True)
        if self.static_nat is not None:
            nat = NetworkRule.objects.filter(kind=RuleKind.STATIC_NAT, address__isnull=False).values("address")
            rows = rows.filter(pk__in=nat) if self.static_nat else rows.exclude(pk__in=nat)
        impossible = (
            self.for_load_balancing,
            self.source_nat,
            self.for_provider,
            self.vpc,
            self.network,
            self.for_virtual_network is False,
        )
        return rows.none() if any(impossible) else rows


class AssociateIpAddress(BaseAsyncCreateCmd):
    """Acquires a public address of a zone. Rules can be bound to it where a network element gives their service."""

    rest = Rest("public-ip-addresses")
    roles = EVERYONE
    response = PublicIpResponse
    event_type = events.NET_IP_ASSIGN

    account = Str("account", help="who shall have it, for administrators")
    domain = Ref("domainid", Domain, help="domain of account")
    project = project_ref("project that shall have it")
    zone = Ref("zoneid", Zone, help="zone of the address; that of networkid if left out")
    network = Ref(
        "networkid",
        Network,
        access=Access.OPERATE,
        select_related=("zone",),
        help="isolated network that it is for and goes with",
    )
    ip_address = Str("ipaddress", default="", help="this address; any free one if left out")
    for_display = Flag("fordisplay", default=True, roles=ROOT, help="whether ordinary users see it")
    portable = Flag("isportable", default=False, help="refused: there are no portable addresses")
    vpc = Str("vpcid", help="refused: there are no VPCs yet")

    def execute(self):
        for name, given in (("isportable", self.portable), ("vpcid", self.vpc)):
            if given:
                raise InvalidParameter(f"{name} is not available in this version; leave it away", parameter=name)
        return PublicIpManager().associate(
            caller=self.caller,
            zone=self.zone,
            network=self.network,
            account_name=self.account,
            domain=self.domain,
            project=self.project,
            requested=self.ip_address,
            for_display=self.for_display,
        )


class DisassociateIpAddress(BaseAsyncCmd):
    """Gives a public address back."""

    rest = Rest("public-ip-addresses", method="DELETE")
    roles = EVERYONE
    response = SuccessResponse
    event_type = events.NET_IP_RELEASE

    address = Ref(
        "id", PublicIpAddress, access=Access.OPERATE, select_related=("account__domain", "network"), help="the address"
    )
    ip_address = Str("ipaddress", help="the address itself, in place of id")

    def execute(self):
        return PublicIpManager().disassociate(caller=self.caller, address=self.address or self._by_number())

    def _by_number(self) -> PublicIpAddress:
        if not self.ip_address:
            raise InvalidParameter("name the address with id or ipaddress", parameter="id")
        rows = public_ips_visible_to(caller=self.caller, access=Access.OPERATE).exclude(state=PublicIpState.FREE)
        found = list(rows.filter(address=self.ip_address).select_related("account__domain", "network")[:2])
        if len(found) != 1:
            what = "several zones have" if found else "you have no"
            raise InvalidParameter(f"{what} public address {self.ip_address}; use id", parameter="ipaddress")
        return found[0]


class ReserveIpAddress(BaseCmd):
    """Keeps a free public address for an account until it is acquired or given back."""

    rest = Rest("public-ip-addresses", action="reserve")
    roles = EVERYONE
    response = PublicIpResponse
    since = "4.17"

    address = Ref("id", PublicIpAddress, required=True, help="the free address")
    account = Str("account", help="who it is kept for, for administrators")
    domain = Ref("domainid", Domain, help="domain of account")
    project = project_ref("project that it is kept for")
    for_display = Flag("fordisplay", default=True, roles=ROOT, help="whether ordinary users see it")

    def execute(self):
        return PublicIpManager().reserve(
            caller=self.caller,
            address=self.address,
            account_name=self.account,
            domain=self.domain,
            project=self.project,
            for_display=self.for_display,
        )


class ReleaseIpAddress(BaseCmd):
    """Gives a reserved public address back."""

    rest = Rest("public-ip-addresses", action="release")
    roles = EVERYONE
    response = SuccessResponse
    since = "4.17"

    address = Ref("id", PublicIpAddress, access=Access.OPERATE, required=True, help="the reserved address")

    def execute(self):
        PublicIpManager().release_reserved(caller=self.caller, address=self.address)


class UpdateIpAddress(BaseAsyncCmd):
    """Shows a public address to ordinary users, or hides it from them."""

    rest = Rest("public-ip-addresses", method="PATCH")
    roles = EVERYONE
    response = PublicIpResponse
    event_type = events.NET_IP_UPDATE

    address = Ref(
        "id",
        PublicIpAddress,
        access=Access.OPERATE,
        required=True,
        select_related=("account", "network"),
        help="the address",
    )
    for_display = Flag("fordisplay", roles=ROOT, help="whether ordinary users see it")

    def execute(self):
        return PublicIpManager().update(caller=self.caller, address=self.address, for_display=self.for_display)
