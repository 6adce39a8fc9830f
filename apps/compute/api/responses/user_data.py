"""Registered user data on the wire."""

from apps.accounts.api.attached import Annotated
from apps.accounts.api.responses.owner import OwnerFields
from apps.compute.models import UserData
from cloudstack.api import MAP, STRING, Field, SuccessResponse


class StoredUserDataResponse(OwnerFields, Annotated):
    object_name = "userdata"
    model = UserData

    id = Field("uuid", help="UUID of the user data")
    name = Field(help="its name")
    accountid = Field("account__uuid", help="UUID of the account that owns it")
    userdata = Field(compute=lambda row: row["text"].reveal(), needs=("text",), type=STRING, help="base64 text")
    params = Field(
        compute=lambda row: row["params"] or None, needs=("params",), type=STRING, help="variables, comma separated"
    )


class RegisteredUserDataResponse(SuccessResponse):
    userdata = Field(type=MAP, help="what was registered")
