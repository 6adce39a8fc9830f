"""Commands on key pairs: the only ones that show a secret, and only to the user and the administrators."""

from typing import Any

from apps.accounts import events
from apps.accounts.api.responses.user import UserKeysResponse
from apps.accounts.config import API_KEY_ACCESS
from apps.accounts.models import ApiKeyPair, User
from apps.accounts.services.api_keys import ApiKeyManager
from cloudstack.api import EVERYONE, Access, BaseCmd, Ref


class _UserKeys(BaseCmd):
    abstract = True
    roles = EVERYONE
    response = UserKeysResponse

    user = Ref("id", User, access=Access.MODIFY, select_related=("account__role",), required=True, help="the user")

    def shown(self, pair: ApiKeyPair | None) -> dict[str, Any]:
        """The pair with its secret, and whether it can be used."""
        choices = (self.user.api_key_access, self.user.account.api_key_access, API_KEY_ACCESS.value())
        usable = next(choice for choice in choices if choice is not None)
        if pair is None:
            return {"apikeyaccess": usable}
        return {"apikey": pair.api_key, "secretkey": pair.secret_key.reveal(), "apikeyaccess": usable}


class RegisterUserKeys(_UserKeys):
    """Makes a new key pair for a user; the one there was stops working."""

    event_type = events.REGISTER_USER_KEY

    def execute(self) -> dict[str, Any]:
        return self.shown(ApiKeyManager().register(caller=self.caller, user=self.user))


class GetUserKeys(_UserKeys):
    """Shows the key pair of a user."""

    def execute(self) -> dict[str, Any]:
        return self.shown(ApiKeyManager().pair_of(caller=self.caller, user=self.user))
