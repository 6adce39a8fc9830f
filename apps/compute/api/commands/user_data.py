"""Registered user data."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.api.owner import OwnedCmd
from apps.compute import events
from apps.compute.api.responses.user_data import RegisteredUserDataResponse, StoredUserDataResponse
from apps.compute.models import UserData
from apps.compute.services.user_data import UserDataManager
from apps.compute.states import UserDataPolicy
from apps.storage.api.responses.template import TemplateResponse
from apps.storage.models import Iso, Template
from cloudstack.api import Access, BaseCmd, Choice, Ref, Str, SuccessResponse
from cloudstack.framework.errors import InvalidParameter


class ListUserData(AccountScopedListCmd):
    """Lists registered user data: your own, or with listall all that you administer."""

    response = StoredUserDataResponse

    data_name = Str("name", lookup="name", help="name of the user data")

    def queryset(self) -> QuerySet[UserData]:
        return self.owned(UserData.objects.all())


class RegisterUserData(OwnedCmd):
    """Keeps user data under a name."""

    response = RegisteredUserDataResponse
    event_type = events.REGISTER_USER_DATA

    data_name = Str("name", required=True, help="its name, once per account")
    text = Str("userdata", required=True, max_length=2 << 20, secret=True, help="base64 text")
    variables = Str("params", default="", max_length=4096, help="variables in it, comma separated")

    def execute(self) -> dict[str, Any]:
        kept = UserDataManager().register(
            caller=self.caller, owner=self.owner(), name=self.data_name, text=self.text, params=self.variables
        )
        return {"userdata": StoredUserDataResponse.render_one(kept, caller=self.caller)}


class DeleteUserData(OwnedCmd):
    """Deletes registered user data that no template and no machine refers to."""

    response = SuccessResponse
    event_type = events.DELETE_USER_DATA

    user_data = Ref("id", UserData, access=Access.MODIFY, required=True, help="the user data")

    def execute(self) -> None:
        if (self.account or self.project) and self.owner().pk != self.user_data.account_id:
            raise InvalidParameter(f"user data {self.user_data} is not that account's", parameter="account")
        UserDataManager().delete(caller=self.caller, user_data=self.user_data)


class LinkUserDataToTemplate(BaseCmd):
    """Has machines of a template get user data; without userdataid not any more."""

    response = TemplateResponse

    template = Ref("templateid", Template, access=Access.MODIFY, help="the template")
    iso = Ref("isoid", Iso, access=Access.MODIFY, help="or the ISO")
    user_data = Ref("userdataid", UserData, help="registered user data")
    policy = Choice(
        "userdatapolicy",
        UserDataPolicy,
        help="what becomes of a user's own data: ALLOWOVERRIDE (default), APPEND or DENYOVERRIDE",
    )

    def execute(self) -> Template:
        if (self.template is None) == (self.iso is None):
            raise InvalidParameter("give templateid or isoid", parameter="templateid")
        if self.policy and self.user_data is None:
            raise InvalidParameter("userdatapolicy goes with userdataid", parameter="userdatapolicy")
        return UserDataManager().link(
            caller=self.caller, template=self.template or self.iso, user_data=self.user_data, policy=self.policy or ""
        )
