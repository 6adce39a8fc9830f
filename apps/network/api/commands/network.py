"""Commands on guest networks."""

from django.db.models import Q

from apps.accounts.api.attached import ShowsIcons, TagFilter
from apps.accounts.api.listing import ALL_PROJECTS, AccountScopedListCmd
from apps.accounts.api.owner import OwnedCmd
from apps.accounts.models import Domain
from apps.accounts.selectors import owned_by
from apps.infrastructure.models import Zone
from apps.network import events
from apps.network.api.responses.network import NetworkResponse
from apps.network.models import Network, NetworkOffering, NetworkOfferingService, PhysicalNetwork
from apps.network.selectors import networks_of_owner_or_shared, networks_visible_to
from apps.network.services.networks import NetworkManager
from apps.network.services.vnis import parse_vlan
from apps.network.states import AclType, GuestType, TrafficType
from cloudstack.api import (
    EVERYONE,
    ROOT,
    Access,
    BaseAsyncCmd,
    Choice,
    Flag,
    Int,
    ListOf,
    Ref,
    Str,
    SuccessResponse,
)
from cloudstack.framework.errors import InvalidParameter

REFUSED = (
    "vpc",
    "acl",
    "ipv6_cidr",
    "ipv6_gateway",
    "ipv6_start",
    "ipv6_end",
    "private_vlan",
    "tied_to",
    "source_nat",
    "cidr_size",
)
"""Parameters of createNetwork that, left unread, would give the caller another network than the one asked for."""
FILTERS = ("account", "domain", "accountdomain", "shared", "all")


class ListNetworks(TagFilter, ShowsIcons, AccountScopedListCmd):
    """Lists the networks that the caller owns or may use."""

    roles = EVERYONE
    response = NetworkResponse
    keyword_fields = ("name", "display_text")

    network_name = Str("name", lookup="name", help="exact name")
    zone = Ref("zoneid", Zone, lookup="zone", help="networks of this zone")
    type = Choice("type", GuestType, lookup="guest_type", help="Isolated, Shared or L2")
    acl_type = Choice("acltype", AclType, lookup="acl_type", help="Account or Domain")
    traffic_type = Choice("traffictype", TrafficType, help="kind of traffic; guests' is all there is")
    offering = Ref("networkofferingid", NetworkOffering, lookup="offering", help="networks of this offering")
    physical_network = Ref(
        "physicalnetworkid",
        PhysicalNetwork,
        lookup="physical_network",
        roles=ROOT,
        help="networks on this physical network",
    )
    restart_required = Flag("restartrequired", lookup="restart_required", help="whose services do not know a change")
    specify_ip_ranges = Flag(
        "specifyipranges",
        lookup="offering__specify_ip_ranges",
        help="whether their offering has networks bring address ranges",
    )
    vlan = Str("vlan", roles=ROOT, help="number of the segment")
    supported_services = ListOf("supportedservices", Str, help="networks that have all of these services")
    can_use_for_deploy = Flag("canusefordeploy", help="whether machines can be deployed in it; all can")
    is_system = Flag("issystem", default=False, help="networks of the platform itself; there are none")
    for_vpc = Flag("forvpc", help="tiers of VPCs; there are none")
    vpc = Str("vpcid", help="tiers of this VPC; there are none")
    associated_network = Str("associatednetworkid", help="networks tied to this one; there are none")
    display = Flag("displaynetwork", lookup="display_network", roles=ROOT, help="whether users see them")
    network_filter = Choice(
        "networkfilter", FILTERS, help="whose networks: the account's, the domain's, or shared ones"
    )

    def queryset(self):
        self.ensure_one_owner()
        viewer = self.viewer()
        rows = networks_visible_to(caller=viewer)
        mine = owned_by(viewer)
        if self.account or self.project == ALL_PROJECTS:
            rows = self.owned(Network.objects.all())
        elif self.project is not None:
            rows = networks_of_owner_or_shared(caller=viewer)
        elif self.domain is not None:
            rows = rows.filter(pk__in=self.in_domains(Network.objects.all()).values("pk")) | rows.filter(
                pk__in=self.in_domains(Network.objects.all(), path="access_domain").values("pk")
            )
        elif self.caller.is_admin and not self.list_all and not self.names_rows():
            rows = networks_of_owner_or_shared(caller=viewer)
        rows = self.without_projects(rows)
        if self.network_filter == "account":
            rows = rows.filter(mine, acl_type=AclType.ACCOUNT)
        elif self.network_filter == "domain":
            rows = rows.filter(acl_type=AclType.DOMAIN)
        elif self.network_filter == "accountdomain":
            rows = rows.filter(mine | Q(acl_type=AclType.DOMAIN))
        elif self.network_filter == "shared":
            rows = rows.filter(acl_type=AclType.ACCOUNT).exclude(mine)
        for service in self.supported_services or ():
            giving = NetworkOfferingService.objects.filter(service__iexact=service)
            rows = rows.filter(offering__in=giving.values("offering"))
        if self.vlan:
            rows = rows.filter(vni=parse_vlan(self.vlan))
        if not self.caller.is_root_admin:
            rows = rows.filter(display_network=True)
        if self.is_system or self.for_vpc or self.vpc or self.associated_network or self.can_use_for_deploy is False:
            return rows.none()
        if self.traffic_type not in (None, TrafficType.GUEST):
            return rows.none()
        return rows


class CreateNetwork(OwnedCmd):
    """Creates a network. Hosts hear of it when its first machine starts."""

    roles = EVERYONE
    response = NetworkResponse

    network_name = Str("name", required=True, help="name of the network")
    display_text = Str("displaytext", default="", help="a longer text; the name if left out")
    offering = Ref("networkofferingid", NetworkOffering, required=True, help="kind of the network")
    zone = Ref("zoneid", Zone, required=True, help="where it shall be")
    physical_network = Ref("physicalnetworkid", PhysicalNetwork, roles=ROOT, help="needed where a zone has several")
    domain = Ref("domainid", Domain, help="domain of account, or the one that a shared network is for")
    acl_type = Choice("acltype", AclType, help="Account or Domain; shared networks are for a domain by default")
    subdomain_access = Flag("subdomainaccess", help="whether domains below may use it, too")
    gateway = Str("gateway", default="", help="address of the way out; isolated networks have a default")
    netmask = Str("netmask", default="", help="such as 255.255.255.0")
    start_ip = Str("startip", default="", help="first address for guests of a shared network")
    end_ip = Str("endip", default="", help="last address; startip if left out")
    server_ip = Str("routerip", default="", help="address of the network's own DHCP and DNS server", since="4.16")
    vlan = Str("vlan", default="", help="VXLAN number, where the offering lets operators choose it")
    network_domain = Str("networkdomain", help="DNS suffix of its guests")
    dns1 = Str("dns1", help="first resolver; the zone's if left out", since="4.18.0")
    dns2 = Str("dns2", help="second resolver", since="4.18.0")
    mtu = Int("privatemtu", help="largest packet of guests, in bytes", since="4.18.0")
    display = Flag("displaynetwork", default=True, roles=ROOT, help="whether ordinary users see it")
    external_id = Str("externalid", default="", help="name of the network in a system outside, for your records")
    vpc = Str("vpcid", help="refused: there are no VPCs yet")
    acl = Str("aclid", help="refused: there are no VPCs yet")
    ipv6_cidr = Str("ip6cidr", help="refused: there is no IPv6 yet")
    ipv6_gateway = Str("ip6gateway", help="refused: there is no IPv6 yet")
    ipv6_start = Str("startipv6", help="refused: there is no IPv6 yet")
    ipv6_end = Str("endipv6", help="refused: there is no IPv6 yet")
    private_vlan = Str("isolatedpvlan", help="refused: there are no private VLANs")
    tied_to = Str("associatednetworkid", help="refused: networks are not tied to others")
    source_nat = Str("sourcenatipaddress", help="refused: there is no way out of isolated networks yet")
    cidr_size = Int("cidrsize", help="refused: guests are not routed")

    def execute(self):
        for attr in REFUSED:
            if getattr(self, attr):
                name = self.params[attr].wire
                raise InvalidParameter(f"{name} is not available in this version; leave it away", parameter=name)
        return NetworkManager().create(
            caller=self.caller,
            zone=self.zone,
            offering=self.offering,
            name=self.network_name,
            display_text=self.display_text,
            account_name=self.account,
            domain=self.domain,
            project=self.project,
            acl_type=self.acl_type,
            subdomain_access=self.subdomain_access,
            physical_network=self.physical_network,
            gateway=self.gateway,
            netmask=self.netmask,
            start_ip=self.start_ip,
            end_ip=self.end_ip,
            server_ip=self.server_ip,
            vlan=self.vlan,
            network_domain=self.network_domain,
            dns1=self.dns1,
            dns2=self.dns2,
            mtu=self.mtu,
            display_network=self.display,
            external_id=self.external_id,
        )


class UpdateNetwork(BaseAsyncCmd):
    """Changes a network and tells its services."""

    roles = EVERYONE
    response = NetworkResponse
    event_type = events.NETWORK_UPDATE

    network = Ref(
        "id", Network, access=Access.OPERATE, required=True, select_related=("zone", "offering"), help="the network"
    )
    new_name = Str("name", help="new name")
    display_text = Str("displaytext", help="new text")
    network_domain = Str("networkdomain", help="new DNS suffix of its guests")
    dns1 = Str("dns1", help="first resolver")
    dns2 = Str("dns2", help="second resolver")
    mtu = Int("privatemtu", help="largest packet of guests, in bytes; guests learn it with their next lease")
    offering = Ref("networkofferingid", NetworkOffering, help="another offering of the same kind")
    guest_vm_cidr = Str(
        "guestvmcidr", help="part of an isolated network's CIDR that machines get addresses of; empty for all of it"
    )
    in_sequence = Flag("updateinsequence", help="decides nothing: a network has one server, which is told")
    display = Flag("displaynetwork", roles=ROOT, help="whether ordinary users see it")

    def execute(self):
        return NetworkManager().update(
            caller=self.caller,
            network=self.network,
            name=self.new_name,
            display_text=self.display_text,
            network_domain=self.network_domain,
            dns1=self.dns1,
            dns2=self.dns2,
            mtu=self.mtu,
            display_network=self.display,
            offering=self.offering,
            guest_vm_cidr=self.guest_vm_cidr,
        )


class DeleteNetwork(BaseAsyncCmd):
    """Deletes a network that no machine has a card in."""

    roles = EVERYONE
    response = SuccessResponse
    event_type = events.NETWORK_DELETE

    network = Ref("id", Network, access=Access.OPERATE, required=True, help="the network")
    forced = Flag("forced", default=False, help="accepted: what cannot be reached now is cleaned up later anyway")

    def execute(self):
        return NetworkManager().delete(caller=self.caller, network=self.network)


class RestartNetwork(BaseAsyncCmd):
    """Brings the services of a network up anew. Guests stay connected."""

    roles = EVERYONE
    response = SuccessResponse
    event_type = events.NETWORK_RESTART

    network = Ref("id", Network, access=Access.OPERATE, required=True, help="the network")
    cleanup = Flag("cleanup", default=False, help="take the services down before")
    redundant = Flag(
        "makeredundant", default=False, help="refused: a network has one server, which moves with its host"
    )
    live_patch = Flag("livepatch", default=False, help="refused: no machine of the platform serves networks")

    def execute(self):
        for name, given in (("makeredundant", self.redundant), ("livepatch", self.live_patch)):
            if given:
                raise InvalidParameter(
                    f"{name} is not available: services of a network run on one host, not in machines of their own",
                    parameter=name,
                )
        return NetworkManager().restart(caller=self.caller, network=self.network, cleanup=self.cleanup)
