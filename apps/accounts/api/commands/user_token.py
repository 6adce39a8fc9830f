"""Commands on the bearer tokens of REST."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts import events
from apps.accounts.api.responses.keys import UserTokenResponse
from apps.accounts.models import ApiToken, User
from apps.accounts.selectors.keys import tokens_visible_to
from apps.accounts.services.tokens import TokenManager
from cloudstack.api import Access, BaseCmd, BaseListCmd, Date, Flag, Ref, Str, SuccessResponse


class ListUserTokens(BaseListCmd):
    """Lists bearer tokens (never the tokens themselves): your own, or with userid or listall those of others."""

    response = UserTokenResponse

    user = Ref("userid", User, access=Access.MODIFY, help="tokens of this user")
    list_all = Flag("listall", default=False, help="tokens of all users whom you may administer")

    def queryset(self) -> QuerySet[ApiToken]:
        tokens = tokens_visible_to(caller=self.caller)
        if self.user is not None:
            return tokens.filter(user=self.user)
        if self.list_all or self.id_filter is not None or self.ids_filter is not None:
            return tokens
        return tokens.filter(user_id=self.caller.user_id)


class CreateUserToken(BaseCmd):
    """Makes a bearer token for yourself, for the header Authorization of REST. It is shown this once."""

    response = UserTokenResponse
    event_type = events.USER_TOKEN_CREATE

    token_name = Str("name", required=True, help="by which you will know it again")
    end_date = Date("enddate", help="it opens nothing from then on; without an end until it is deleted")

    def execute(self) -> dict[str, Any]:
        user = User.objects.get(pk=self.caller.user_id)
        token, text = TokenManager().create(caller=self.caller, user=user, name=self.token_name, end_date=self.end_date)
        return {**UserTokenResponse.render_one(token, caller=self.caller), "token": text}


class DeleteUserToken(BaseCmd):
    """Revokes a bearer token: it opens nothing any more."""

    response = SuccessResponse
    event_type = events.USER_TOKEN_DELETE

    token = Ref("id", ApiToken, access=Access.MODIFY, required=True, help="the token")

    def execute(self) -> None:
        TokenManager().delete(caller=self.caller, token=self.token)
