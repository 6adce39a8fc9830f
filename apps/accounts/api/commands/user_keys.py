"""Commands on key pairs: the only ones that show a secret, and only to the user and the administrators."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts import events
from apps.accounts.api.responses.keys import UserKeyPairResponse, UserKeysResponse
from apps.accounts.config import API_KEY_ACCESS
from apps.accounts.models import ApiKeyPair, User
from apps.accounts.selectors.keys import key_pairs_visible_to
from apps.accounts.services.api_keys import ApiKeyManager
from cloudstack.api import (
    EVERYONE,
    Access,
    BaseCmd,
    BaseListCmd,
    Date,
    Flag,
    ListOf,
    Ref,
    Rest,
    Str,
    SuccessResponse,
)
from cloudstack.framework.errors import InvalidParameter

_OWNERS = ("account__role", "account__domain")


class _UserKeys(BaseCmd):
    abstract = True
    roles = EVERYONE
    response = UserKeysResponse

    user = Ref("id", User, access=Access.MODIFY, select_related=_OWNERS, required=True, help="the user")

    def shown(self, pair: ApiKeyPair | None) -> dict[str, Any]:
        """The pair with its secret, and whether it can be used."""
        account = self.user.account
        choices = (self.user.api_key_access, account.api_key_access, API_KEY_ACCESS.value(account.domain.uuid))
        usable = next(choice for choice in choices if choice is not None)
        if pair is None:
            return {"apikeyaccess": usable}
        body = UserKeysResponse.render_one(pair, caller=self.caller)
        return {**body, "secretkey": pair.secret_key.reveal(), "apikeyaccess": usable}


class RegisterUserKeys(_UserKeys):
    """Makes a key pair for a user: without a name the main one anew (the old one stops working), else one more."""

    event_type = events.REGISTER_USER_KEY
    rest = Rest("users", action="keys", method="POST", detail=True)

    pair_name = Str("name", default="", help="name of one more pair beside the main one")
    description = Str("description", default="", max_length=1024, help="what the pair is for")
    start_date = Date("startdate", help="it signs nothing before")
    end_date = Date("enddate", help="it signs nothing from then on")
    cidrs = ListOf(
        "cidrlist", help="networks that its requests may come from, separated by commas; everywhere if left out"
    )

    def execute(self) -> dict[str, Any]:
        pair = ApiKeyManager().register(
            caller=self.caller,
            user=self.user,
            name=self.pair_name,
            description=self.description,
            start_date=self.start_date,
            end_date=self.end_date,
            cidrs=self.cidrs or (),
        )
        return self.shown(pair)


class GetUserKeys(_UserKeys):
    """Shows a key pair of a user with its secret: the main one (or else the newest), or the one that is named."""

    rest = Rest("users", action="keys", method="GET", detail=True)

    pair = Ref("keypairid", ApiKeyPair, access=Access.MODIFY, help="UUID of one of the user's pairs")

    def execute(self) -> dict[str, Any]:
        if self.pair is None:
            return self.shown(ApiKeyManager().pair_of(caller=self.caller, user=self.user))
        if self.pair.user_id != self.user.pk:
            raise InvalidParameter("the key pair is not one of this user", parameter="keypairid")
        return self.shown(ApiKeyManager().reveal(caller=self.caller, pair=self.pair))


class ListUserKeys(BaseListCmd):
    """Lists key pairs without their secrets: your own, or with userid or listall those of others within reach."""

    response = UserKeyPairResponse
    rest = Rest("user-keys", method="GET")
    keyword_fields = ("name", "description")

    user = Ref("userid", User, access=Access.MODIFY, help="key pairs of this user")
    pair_name = Str("name", lookup="name", help="key pairs of this name")
    list_all = Flag("listall", default=False, help="key pairs of all users whom you may administer")

    def queryset(self) -> QuerySet[ApiKeyPair]:
        pairs = key_pairs_visible_to(caller=self.caller)
        if self.user is not None:
            return pairs.filter(user=self.user)
        if self.list_all or self.id_filter is not None or self.ids_filter is not None:
            return pairs
        return pairs.filter(user_id=self.caller.user_id)


class UpdateUserKeys(BaseCmd):
    """Changes a key pair: its name, its dates, its networks, or whether it works."""

    response = UserKeyPairResponse
    event_type = events.USER_KEY_UPDATE
    rest = Rest("user-keys", method="PATCH", detail=True)

    pair = Ref("id", ApiKeyPair, access=Access.MODIFY, required=True, help="the key pair")
    pair_name = Str("name", help="new name")
    description = Str("description", max_length=1024, help="what the pair is for")
    start_date = Date("startdate", help="it signs nothing before")
    end_date = Date("enddate", help="it signs nothing from then on")
    cidrs = Str("cidrlist", max_length=4096, help="networks that its requests may come from; empty for everywhere")
    enabled = Flag("enabled", help="false: the pair signs nothing until it is enabled again")

    def execute(self) -> ApiKeyPair:
        wanted = {
            "name": self.pair_name,
            "description": self.description,
            "start_date": self.start_date,
            "end_date": self.end_date,
            "cidrs": None if self.cidrs is None else self.cidrs.split(","),
            "enabled": self.enabled,
        }
        changes = {name: value for name, value in wanted.items() if value is not None}
        if not changes:
            raise InvalidParameter("nothing to change: give name, description, dates, cidrlist or enabled")
        return ApiKeyManager().update(caller=self.caller, pair=self.pair, **changes)


class DeleteUserKeys(BaseCmd):
    """Deletes a key pair: requests signed with it are refused from now on."""

    response = SuccessResponse
    event_type = events.USER_KEY_DELETE
    rest = Rest("user-keys", method="DELETE", detail=True)

    pair = Ref("id", ApiKeyPair, access=Access.MODIFY, required=True, help="the key pair")

    def execute(self) -> None:
        ApiKeyManager().delete(caller=self.caller, pair=self.pair)
