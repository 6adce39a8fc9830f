"""Consoles on the wire."""

from apps.accounts.models.domain import shown_path
from apps.compute.models import ConsoleSession
from cloudstack.api import BOOL, DATE, MAP, STRING, Field, Response


class ConsoleEndpointResponse(Response):
    """Where the console of a machine is opened, or why it is not."""

    object_name = "consoleendpoint"

    success = Field(type=BOOL, help="whether the console can be opened")
    details = Field(type=STRING, help="why it cannot")
    url = Field(type=STRING, help="page for a browser whose user is logged in here; it makes a token of its own")
    websocket = Field(
        type=MAP,
        help="for programs that speak RFB over a WebSocket: token, host, port, path and extra (the additional token); "
        "the token opens one connection, soon",
    )


class ConsoleSessionResponse(Response):
    """Who opened the console of which machine, and when."""

    object_name = "consolesession"
    model = ConsoleSession

    id = Field("uuid", help="UUID of the session")
    created = Field(type=DATE, help="when its token was made")
    domain = Field("domain__name", help="domain of the user's account")
    domainpath = Field(
        compute=lambda row: shown_path(row["domain__path"]), needs=("domain__path",), type=STRING, help="ROOT/sales"
    )
    domainid = Field("domain__uuid", help="UUID of that domain")
    account = Field("account__name", help="account of the user")
    accountid = Field("account__uuid", help="UUID of that account")
    user = Field("user__username", help="who asked for the console")
    userid = Field("user__uuid", help="UUID of that user")
    virtualmachineid = Field("vm__uuid", help="the machine")
    virtualmachinename = Field("vm__name", help="its name")
    hostid = Field("host__uuid", admin_only=True, help="host that the machine ran on")
    hostname = Field("host__name", admin_only=True, help="name of that host")
    acquired = Field(type=DATE, help="when the console was opened; left out if it was not")
    removed = Field("ended", type=DATE, help="when the session was over; left out if it is not")
    consoleendpointcreatoraddress = Field("creator_address", help="address that asked for the token")
    clientaddress = Field("client_address", help="address that opened the console")
