"""Numbers of guest networks on the wire."""

from apps.accounts.api.responses.owner import OwnerFields
from apps.network.models import GuestVlanRange
from cloudstack.api import BOOL, DATE, LIST, STRING, Field, Response


class GuestVlanRangeResponse(OwnerFields):
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
    projectid = Field(type=STRING, help="project, if the account is a project's")
    project = Field(type=STRING)
    domainid = Field(type=STRING, help="domain of the account")
    domain = Field(type=STRING)
    domainpath = Field(type=STRING)
    zoneid = Field(type=STRING)
    zonename = Field(type=STRING)
    physicalnetworkid = Field(type=STRING)
    physicalnetworkname = Field(type=STRING)
    network = Field(type=LIST, help="networks that have it")
