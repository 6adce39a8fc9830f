"""Numbers of guest networks on the wire."""

from apps.accounts.models.domain import shown_path
from apps.network.models import GuestVlanRange
from cloudstack.api import BOOL, DATE, LIST, STRING, Field, Response


class GuestVlanRangeResponse(Response):
    """Numbers that are kept for an account."""

    object_name = "dedicatedguestvlanrange"
    model = GuestVlanRange

    id = Field("uuid")
    guestvlanrange = Field(
        compute=lambda row: f"{row['start']}-{row['end']}",
        needs=("start", "end"),
        type=STRING,
        help="first and last number",
    )
    account = Field("account__name", help="account that they are kept for")
    domainid = Field("domain__uuid")
    domain = Field("domain__name")
    domainpath = Field(compute=lambda row: shown_path(row["domain__path"]), needs=("domain__path",), type=STRING)
    physicalnetworkid = Field("physical_network__uuid")
    zoneid = Field("physical_network__zone__uuid")


class GuestVlanResponse(Response):
    """One number of a physical network, and the network that has it."""

    object_name = "guestvlan"

    vlan = Field(type=STRING, help="the number")
    allocationstate = Field(type=STRING, help="Allocated or Free")
    taken = Field(type=DATE, help="when the network got it")
    isdedicated = Field(type=BOOL, help="whether it is kept for an account")
    account = Field(type=STRING, help="account that it is kept for, else that of the network")
    domainid = Field(type=STRING, help="domain of the account")
    domain = Field(type=STRING)
    domainpath = Field(type=STRING)
    zoneid = Field(type=STRING)
    zonename = Field(type=STRING)
    physicalnetworkid = Field(type=STRING)
    physicalnetworkname = Field(type=STRING)
    network = Field(type=LIST, help="networks that have it")
