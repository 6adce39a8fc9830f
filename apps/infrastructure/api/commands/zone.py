"""Commands on zones."""

from apps.accounts.api.attached import ShowsIcons, TagFilter
from apps.accounts.models import Domain
from apps.infrastructure.api.refused import RefusedFlag
from apps.infrastructure.api.responses.metrics import ZoneMetricsResponse
from apps.infrastructure.api.responses.zone import ZoneResponse
from apps.infrastructure.models import Zone
from apps.infrastructure.selectors import zones_visible_to
from apps.infrastructure.services.zone import ZoneManager
from apps.infrastructure.states import AllocationState, NetworkType
from cloudstack.api import (
    EVERYONE,
    ROOT,
    Access,
    BaseCmd,
    Choice,
    Flag,
    Int,
    Map,
    Ref,
    Str,
    SuccessResponse,
)


class ListZones(TagFilter, ShowsIcons):
    """Lists the zones that the caller may use."""

    roles = EVERYONE
    response = ZoneResponse
    ordering = ("sort_key", "id")

    zone_name = Str("name", lookup="name", help="exact name")
    network_type = Str("networktype", lookup="network_type__iexact", help="kind of networking")
    domain = Ref("domainid", Domain, lookup="domain", help="zones dedicated to this domain")
    available = Flag("available", help="accepted for compatibility: only usable zones are listed anyway")
    show_capacities = Flag("showcapacities", default=False, help="also show CPU and memory (operators)")

    def queryset(self):
        return zones_visible_to(caller=self.caller)

    def omitted(self):
        return super().omitted() | (frozenset() if self.show_capacities else frozenset({"capacity"}))


class ListZonesMetrics(ListZones):
    """Lists zones with figures on how busy they are."""

    roles = ROOT
    response = ZoneMetricsResponse


class CreateZone(BaseCmd):
    """Creates a zone."""

    roles = ROOT
    response = ZoneResponse

    zone_name = Str("name", required=True, help="name of the zone")
    network_type = Choice("networktype", NetworkType, required=True, help="kind of networking")
    dns1 = Str("dns1", required=True, help="first resolver of guests")
    dns2 = Str("dns2", default="", help="second resolver of guests")
    internal_dns1 = Str("internaldns1", required=True, help="first resolver of the platform itself")
    internal_dns2 = Str("internaldns2", default="", help="second resolver of the platform itself")
    guest_cidr = Str("guestcidraddress", default="", help="network that isolated networks get by default")
    network_domain = Str("domain", default="", help="DNS suffix of guests")
    domain = Ref("domainid", Domain, help="keep the zone for this domain and those below it")
    allocation_state = Choice(
        "allocationstate", AllocationState, default=AllocationState.DISABLED, help="whether it takes machines"
    )
    security_groups_enabled = Flag("securitygroupenabled", default=False, help="not available: must be false")
    edge = RefusedFlag("isedge")
    local_storage_enabled = Flag("localstorageenabled", default=False, help="volumes on the hosts' own disks")

    def execute(self):
        return ZoneManager().create(
            caller=self.caller,
            name=self.zone_name,
            network_type=self.network_type,
            dns1=self.dns1,
            dns2=self.dns2,
            internal_dns1=self.internal_dns1,
            internal_dns2=self.internal_dns2,
            guest_cidr=self.guest_cidr,
            network_domain=self.network_domain,
            domain=self.domain,
            allocation_state=self.allocation_state,
            security_groups_enabled=self.security_groups_enabled,
            local_storage_enabled=self.local_storage_enabled,
        )

    def omitted(self):
        return frozenset({"capacity"})


class UpdateZone(BaseCmd):
    """Changes a zone; what is not given stays."""

    roles = ROOT
    response = ZoneResponse

    zone = Ref("id", Zone, access=Access.MODIFY, required=True, help="the zone")
    new_name = Str("name", help="new name")
    dns1 = Str("dns1", help="first resolver of guests")
    dns2 = Str("dns2", help="second resolver of guests")
    internal_dns1 = Str("internaldns1", help="first resolver of the platform itself")
    internal_dns2 = Str("internaldns2", help="second resolver of the platform itself")
    guest_cidr = Str("guestcidraddress", help="network that isolated networks get by default")
    network_domain = Str("domain", help="DNS suffix of guests")
    allocation_state = Choice("allocationstate", AllocationState, help="whether it takes machines")
    dhcp_provider = Str("dhcpprovider", help="who gives addresses")
    local_storage_enabled = Flag("localstorageenabled", help="volumes on the hosts' own disks")
    sort_key = Int("sortkey", help="place in lists, lowest first")
    details = Map("details", help="options of the operator")
    public = Flag("ispublic", help="true: open for everybody a zone that was kept for a domain")

    def execute(self):
        columns = (
            "dns1",
            "dns2",
            "internal_dns1",
            "internal_dns2",
            "guest_cidr",
            "network_domain",
            "allocation_state",
            "dhcp_provider",
            "local_storage_enabled",
            "sort_key",
            "details",
        )
        changes = {name: getattr(self, name) for name in columns if self.given(name)}
        if self.given("new_name"):
            changes["name"] = self.new_name
        return ZoneManager().update(caller=self.caller, zone=self.zone, public=self.public, **changes)

    def omitted(self):
        return frozenset({"capacity"})


class DeleteZone(BaseCmd):
    """Deletes an empty zone."""

    roles = ROOT
    response = SuccessResponse

    zone = Ref("id", Zone, access=Access.MODIFY, required=True, help="the zone")

    def execute(self):
        ZoneManager().delete(caller=self.caller, zone=self.zone)
