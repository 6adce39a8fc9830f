"""Key pairs and bearer tokens as clients see them."""

from apps.accounts.models import ApiKeyPair, ApiToken
from apps.accounts.models.api_key import key_state
from cloudstack.api import BOOL, STRING, Field, Response

_SPAN = ("enabled", "start_date", "end_date")


class UserKeyPairResponse(Response):
    """A pair without its secret half."""

    object_name = "userkeys"
    model = ApiKeyPair

    id = Field("uuid", help="UUID of the key pair")
    name = Field(
        compute=lambda row: row["name"] or None, needs=("name",), help="its name; the user's main pair has none"
    )
    description = Field(compute=lambda row: row["description"] or None, needs=("description",), help="what it is for")
    apikey = Field("api_key", help="public half of the key pair")
    userid = Field("user__uuid", help="UUID of the user")
    username = Field("user__username", help="name of the user")
    account = Field("user__account__name", help="name of the user's account")
    domainid = Field("user__account__domain__uuid", help="UUID of the account's domain")
    domain = Field("user__account__domain__name", help="name of the account's domain")
    created = Field(help="when it was made")
    startdate = Field("start_date", help="it signs nothing before")
    enddate = Field("end_date", help="it signs nothing from then on")
    cidrlist = Field(
        compute=lambda row: row["allowed_cidrs"] or None,
        needs=("allowed_cidrs",),
        help="networks that its requests may come from; everywhere if left out",
    )
    state = Field(
        type=STRING,
        compute=lambda row: key_state(**{name: row[name] for name in _SPAN}),
        needs=_SPAN,
        help="enabled, disabled, pending (before its start) or expired",
    )


class UserKeysResponse(UserKeyPairResponse):
    """A pair with its secret half, rendered by the command: the one place where a secret leaves the platform."""

    secretkey = Field(type=STRING, compute=lambda row: None, help="secret half: keep it")
    apikeyaccess = Field(
        type=BOOL, compute=lambda row: None, help="whether requests of the user may be signed with key pairs now"
    )


class UserTokenResponse(Response):
    object_name = "usertoken"
    model = ApiToken

    id = Field("uuid", help="UUID of the token")
    name = Field(help="its name")
    token = Field(type=STRING, compute=lambda row: None, help="the token itself, only in the answer of createUserToken")
    hint = Field(help="how the token begins")
    userid = Field("user__uuid", help="UUID of the user")
    username = Field("user__username", help="name of the user")
    created = Field(help="when it was made")
    enddate = Field("end_date", help="it opens nothing from then on")
    lastused = Field("last_used", help="when it was last used, to the hour")
