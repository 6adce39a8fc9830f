"""Commands that give domains and users another place."""

from typing import Any

from apps.accounts import events
from apps.accounts.api.responses.domain import DomainResponse
from apps.accounts.models import Account, Domain, User
from apps.accounts.selectors import accounts_visible_to
from apps.accounts.services.domain_move import DomainMover
from apps.accounts.services.users import UserManager
from cloudstack.api import BOOL, ROOT, Access, BaseCmd, Field, Ref, Response, Str, SuccessResponse
from cloudstack.framework.context import RoleType
from cloudstack.framework.errors import InvalidParameter


class MoveDomain(BaseCmd):
    """Puts a domain, with all that is in and below it, under another one."""

    roles = ROOT
    response = DomainResponse
    event_type = events.DOMAIN_MOVE

    domain = Ref("domainid", Domain, access=Access.MODIFY, required=True, help="the domain to move")
    parent = Ref("parentdomainid", Domain, access=Access.MODIFY, required=True, help="the domain that it goes into")

    def execute(self) -> Domain:
        return DomainMover().move(caller=self.caller, domain=self.domain, parent=self.parent)


class MoveUser(BaseCmd):
    """Gives a user to another account of the same domain; password and keys stay as they are."""

    roles = ROOT
    response = SuccessResponse
    event_type = events.USER_MOVE

    user = Ref(
        "id", User, access=Access.MODIFY, select_related=("account__role",), required=True, help="the user to move"
    )
    account = Ref("accountid", Account, access=Access.MODIFY, select_related=("role",), help="the account it goes to")
    account_name = Str("account", help="name of that account, instead of accountid; it is in the user's domain")

    def execute(self) -> None:
        UserManager().move(caller=self.caller, user=self.user, account=self.account or self._named())

    def _named(self) -> Account:
        if not self.account_name:
            raise InvalidParameter("Give accountid, or account", parameter="accountid")
        accounts = accounts_visible_to(caller=self.caller, access=Access.MODIFY).select_related("role")
        found = accounts.filter(name=self.account_name, domain_id=self.user.domain_id).first()
        if found is None:
            raise InvalidParameter(
                f"Unable to find account {self.account_name} in the domain of the user", parameter="account"
            )
        return found


class AllowedResponse(Response):
    object_name = "isallowed"

    isallowed = Field(type=BOOL, help="whether the account may create offerings with tags")


class IsAccountAllowedToCreateOfferingsWithTags(BaseCmd):
    """Whether an account may create offerings with host or storage tags: those of root admins may."""

    roles = ROOT
    response = AllowedResponse

    account = Ref("id", Account, select_related=("role",), required=True, help="the account")

    def execute(self) -> dict[str, Any]:
        return {"isallowed": self.account.role.type == RoleType.ADMIN}
