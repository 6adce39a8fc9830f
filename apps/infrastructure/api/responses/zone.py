"""Zones on the wire."""

from apps.accounts.api.attached import Annotated, Iconed, Tagged
from apps.infrastructure.api.responses.capacity import CapacityResponse, capacity_loader
from apps.infrastructure.models import Zone
from cloudstack.api import BOOL, LIST, MAP, STRING, Field, Loaded


class ZoneResponse(Tagged, Iconed, Annotated):
    """A zone. What only operators need is left out for others."""

    object_name = "zone"
    model = Zone

    id = Field("uuid")
    name = Field()
    dns1 = Field(admin_only=True, help="resolver of guests")
    dns2 = Field(compute=lambda row: row["dns2"] or None, needs=("dns2",), type=STRING, admin_only=True)
    internaldns1 = Field("internal_dns1", admin_only=True, help="resolver of the platform itself")
    internaldns2 = Field(
        compute=lambda row: row["internal_dns2"] or None, needs=("internal_dns2",), type=STRING, admin_only=True
    )
    guestcidraddress = Field(
        compute=lambda row: row["guest_cidr"] or None, needs=("guest_cidr",), type=STRING, admin_only=True
    )
    domain = Field(
        compute=lambda row: row["network_domain"] or None,
        needs=("network_domain",),
        type=STRING,
        help="DNS suffix of guests",
    )
    domainid = Field("domain__uuid", help="domain that the zone is kept for")
    domainname = Field("domain__name")
    networktype = Field("network_type")
    securitygroupsenabled = Field("security_groups_enabled")
    allocationstate = Field("allocation_state")
    dhcpprovider = Field("dhcp_provider")
    localstorageenabled = Field("local_storage_enabled")
    resourcedetails = Field("details", type=MAP, admin_only=True)
    type = Field(compute=lambda row: "Core", type=STRING)
    ismultiarch = Field(compute=lambda row: False, type=BOOL)
    isnsxenabled = Field(compute=lambda row: False, type=BOOL, help="whether NSX carries its networks: never")
    routedmodeenabled = Field(compute=lambda row: False, type=BOOL, help="whether guests are routed: never")
    allowuserspecifyvrmtu = Field(compute=lambda row: False, type=BOOL)
    capacity = Loaded(
        capacity_loader("zone"), type=LIST, response=CapacityResponse, admin_only=True, help="with showcapacities only"
    )


__all__ = ["ZoneResponse"]
