"""Commands on network offerings."""

from apps.accounts.models import Domain
from apps.infrastructure.models import Zone
from apps.network.api.responses.offering import NetworkOfferingResponse
from apps.network.models import Network, NetworkOffering, NetworkOfferingService
from apps.network.selectors import offerings_visible_to
from apps.network.services.offerings import NetworkOfferingManager
from apps.network.states import GuestType, OfferingAvailability, OfferingState, TrafficType
from cloudstack.api import (
    EVERYONE,
    ROOT,
    Access,
    BaseCmd,
    BaseListCmd,
    Choice,
    Flag,
    Int,
    ListOf,
    MapList,
    Ref,
    RefList,
    Str,
    SuccessResponse,
)
from cloudstack.framework.errors import InvalidParameter


class ListNetworkOfferings(BaseListCmd):
    """Lists the kinds of networks that the caller may create."""

    roles = EVERYONE
    response = NetworkOfferingResponse
    keyword_fields = ("name", "display_text")
    ordering = ("sort_key", "id")

    offering_name = Str("name", lookup="name", help="exact name")
    display_text = Str(
        "displaytext", lookup="display_text__icontains", help="offerings whose description holds this text"
    )
    guest_type = Choice("guestiptype", GuestType, lookup="guest_type", help="Isolated, Shared or L2")
    traffic_type = Choice("traffictype", TrafficType, lookup="traffic_type", help="Guest or Public")
    state = Choice("state", OfferingState, lookup="state", help="Enabled or Disabled")
    availability = Choice(
        "availability", OfferingAvailability, lookup="availability", help="Optional, Required or Unavailable"
    )
    is_default = Flag("isdefault", lookup="is_default", help="whether they came with the installation")
    specify_vlan = Flag("specifyvlan", lookup="specify_vlan", help="whether networks choose their VLAN")
    specify_ip_ranges = Flag(
        "specifyipranges", lookup="specify_ip_ranges", help="whether networks bring their address ranges"
    )
    tags = Str("tags", lookup="tags", roles=ROOT, help="tags of the physical network that they need")
    tagged = Flag("istagged", roles=ROOT, help="whether they ask the physical network for tags")
    for_vpc = Flag("forvpc", help="offerings for tiers of VPCs; there are none")
    source_nat = Flag("sourcenatsupported", help="whether the offering has SourceNat")
    supported_services = ListOf("supportedservices", Str, help="offerings that have all of these services")
    domain = Ref("domainid", Domain, lookup="domains", help="offerings kept for this domain")
    zone = Ref("zoneid", Zone, help="offerings that can be used in this zone")
    network = Ref(
        "networkid", Network, select_related=("offering",), help="offerings that this network could change to"
    )

    def queryset(self):
        rows = offerings_visible_to(caller=self.caller)
        if self.for_vpc:
            return rows.none()
        if self.tagged is not None:
            rows = rows.exclude(tags="") if self.tagged else rows.filter(tags="")
        giving = NetworkOfferingService.objects
        for service in self.supported_services or ():
            rows = rows.filter(pk__in=giving.filter(service__iexact=service).values("offering"))
        if self.source_nat is not None:
            with_nat = giving.filter(service="SourceNat").values("offering")
            rows = rows.filter(pk__in=with_nat) if self.source_nat else rows.exclude(pk__in=with_nat)
        if self.zone is not None:
            limited = NetworkOffering.zones.through.objects
            here = limited.filter(zone=self.zone).values("networkoffering_id")
            rows = rows.exclude(pk__in=limited.values("networkoffering_id")) | rows.filter(pk__in=here)
        if self.network is not None:
            present = self.network.offering
            rows = rows.filter(
                guest_type=present.guest_type, specify_vlan=present.specify_vlan, state=OfferingState.ENABLED
            ).exclude(pk=present.pk)
        return rows


class CreateNetworkOffering(BaseCmd):
    """Creates a kind of network."""

    roles = ROOT
    response = NetworkOfferingResponse
    since = "3.0.0"

    offering_name = Str("name", required=True, help="name of the offering")
    display_text = Str("displaytext", default="", help="a longer text; the name if left out")
    guest_type = Choice("guestiptype", GuestType, required=True, help="Isolated, Shared or L2")
    traffic_type = Choice("traffictype", TrafficType, required=True, help="Guest")
    supported_services = ListOf("supportedservices", Str, help="services, such as Dhcp,Dns,UserData")
    providers = MapList("serviceproviderlist", help="who gives which: [0].service=Dhcp, [0].provider=VirtualRouter")
    capabilities = MapList(
        "servicecapabilitylist",
        help="what a service must be able to do: [0].service=Dns, [0].capabilitytype, [0].capabilityvalue",
    )
    internet_protocol = Choice("internetprotocol", ("IPv4",), default="IPv4", help="IPv4; there is no IPv6 yet")
    for_vpc = Flag("forvpc", default=False, help="refused: there are no VPCs yet")
    specify_vlan = Flag("specifyvlan", default=False, help="whether operators choose the number of the segment")
    specify_ip_ranges = Flag("specifyipranges", default=False, help="whether operators name ranges of addresses")
    conserve_mode = Flag("conservemode", default=True, help="whether one address may serve several purposes")
    is_persistent = Flag("ispersistent", default=False, help="whether it is up without any machine")
    egress_default_policy = Flag("egressdefaultpolicy", default=True, help="whether guests may send out by default")
    availability = Choice(
        "availability",
        OfferingAvailability,
        default=OfferingAvailability.OPTIONAL,
        help="Optional, Required or Unavailable",
    )
    network_rate = Int("networkrate", minimum=0, help="most that a card sends and gets, in Mbit/s")
    tags = Str("tags", default="", help="tags that the physical network must have, separated by commas")
    domains = RefList("domainid", Domain, help="only for these domains")
    zones = RefList("zoneid", Zone, help="only for these zones")
    enable = Flag("enable", default=False, help="whether it can be used at once")

    def execute(self):
        if self.for_vpc:
            raise InvalidParameter("forvpc is not available in this version; leave it away", parameter="forvpc")
        pairs = [(row.get("service", ""), row.get("provider", "")) for row in self.providers or ()]
        return NetworkOfferingManager().create(
            caller=self.caller,
            name=self.offering_name,
            guest_type=self.guest_type,
            display_text=self.display_text,
            traffic_type=self.traffic_type,
            services=self.supported_services or (),
            providers=pairs,
            capabilities=[
                (row.get("service", ""), row.get("capabilitytype", ""), row.get("capabilityvalue", ""))
                for row in self.capabilities or ()
            ],
            specify_vlan=self.specify_vlan,
            specify_ip_ranges=self.specify_ip_ranges,
            conserve_mode=self.conserve_mode,
            is_persistent=self.is_persistent,
            egress_default_policy=self.egress_default_policy,
            availability=self.availability,
            network_rate=self.network_rate,
            tags=self.tags,
            domains=self.domains or (),
            zones=self.zones or (),
            enable=self.enable,
        )


class UpdateNetworkOffering(BaseCmd):
    """Changes how an offering is shown and who may use it."""

    roles = ROOT
    response = NetworkOfferingResponse

    offering = Ref("id", NetworkOffering, access=Access.MODIFY, required=True, help="the offering")
    new_name = Str("name", help="new name")
    display_text = Str("displaytext", help="new text")
    state = Choice("state", OfferingState, help="Enabled or Disabled")
    availability = Choice("availability", OfferingAvailability, help="Optional, Required or Unavailable")
    sort_key = Int("sortkey", help="place in lists, lowest first")
    tags = Str("tags", help="tags that the physical network must have")
    domains = RefList("domainid", Domain, help="only for these domains")
    zones = RefList("zoneid", Zone, help="only for these zones")

    def execute(self):
        return NetworkOfferingManager().update(
            caller=self.caller,
            offering=self.offering,
            name=self.new_name,
            display_text=self.display_text,
            state=self.state,
            availability=self.availability,
            sort_key=self.sort_key,
            tags=self.tags,
            domains=self.domains,
            zones=self.zones,
        )


class DeleteNetworkOffering(BaseCmd):
    """Deletes an offering that no network was made from."""

    roles = ROOT
    response = SuccessResponse
    since = "3.0.0"

    offering = Ref("id", NetworkOffering, access=Access.MODIFY, required=True, help="the offering")

    def execute(self):
        NetworkOfferingManager().delete(caller=self.caller, offering=self.offering)
