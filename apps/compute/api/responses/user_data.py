"""Registered user data on the wire."""

from apps.accounts.models.domain import shown_path
from apps.compute.models import UserData
from cloudstack.api import MAP, STRING, Field, Response, SuccessResponse


class StoredUserDataResponse(Response):
    object_name = "userdata"
    model = UserData

    id = Field("uuid", help="UUID of the user data")
    name = Field(help="its name")
    account = Field("account__name", help="account that owns it")
    accountid = Field("account__uuid", help="UUID of that account")
    domainid = Field("domain__uuid", help="domain of the account")
    domain = Field("domain__name", help="name of the domain")
    domainpath = Field(
        compute=lambda row: shown_path(row["domain__path"]), needs=("domain__path",), type=STRING, help="its path"
    )
    userdata = Field(compute=lambda row: row["text"].reveal(), needs=("text",), type=STRING, help="base64 text")
    params = Field(
        compute=lambda row: row["params"] or None, needs=("params",), type=STRING, help="variables, comma separated"
    )


class RegisteredUserDataResponse(SuccessResponse):
    userdata = Field(type=MAP, help="what was registered")
