"""Commands on users."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts import events
from apps.accounts.api.attached import ShowsIcons
from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.api.responses.user import KEY_ACCESS_WORDS, UserResponse, key_access_from
from apps.accounts.models import ApiKeyPair, Domain, User, UserSource
from apps.accounts.selectors import users_visible_to
from apps.accounts.services.ownership import resolve_owner
from apps.accounts.services.users import UserManager
from apps.accounts.states import AccountState
from cloudstack.api import (
    ADMINS,
    EVERYONE,
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseCmd,
    Choice,
    Flag,
    Int,
    Ref,
    Secret,
    Str,
    SuccessResponse,
    Uuid,
)
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob

_WITH_OWNERS = ("account__role", "account__domain")


class ListUsers(ShowsIcons, AccountScopedListCmd):
    """Lists users: those of your account, or with listall all that you administer."""

    response = UserResponse
    keyword_fields = ("username", "first_name", "last_name", "email")
    project = None

    account_type = Int(
        "accounttype", lookup="account__type", help="0 user, 1 root admin, 2 domain admin, 3 resource admin"
    )
    state = Choice("state", AccountState, lookup="state", help="enabled, disabled or locked")
    username = Str("username", lookup="username", help="list users of this name")
    source = Choice("usersource", UserSource, lookup="source", help="where the user comes from")
    key_access = Choice("apikeyaccess", KEY_ACCESS_WORDS, help="ENABLED, DISABLED or INHERIT")

    def queryset(self) -> QuerySet[User]:
        users = users_visible_to(caller=self.caller)
        if self.key_access:
            users = users.filter(api_key_access=key_access_from(self.key_access))
        return self.owned(users)


class GetUser(BaseCmd):
    """Finds the user who owns a key."""

    roles = ROOT
    response = UserResponse

    api_key = Str("userapikey", required=True, help="public half of a key pair")

    def execute(self) -> User:
        users = users_visible_to(caller=self.caller)
        user = users.filter(pk__in=ApiKeyPair.objects.filter(api_key=self.api_key).values("user_id")).first()
        if user is None:
            raise InvalidParameter("No user has this userapikey", parameter="userapikey")
        return user


class CreateUser(BaseCmd):
    """Creates a user in an account."""

    roles = ADMINS
    response = UserResponse
    event_type = events.USER_CREATE

    account_name = Str("account", required=True, help="the account of the user")
    domain = Ref("domainid", Domain, help="domain of the account; yours if left out")
    email = Str("email", required=True, help="mail address")
    first_name = Str("firstname", required=True, help="first name")
    last_name = Str("lastname", required=True, help="last name")
    password = Secret("password", required=True, help="the password")
    timezone = Str("timezone", default="", help="as in Europe/Berlin")
    username = Str("username", required=True, help="the name to log in with; unique in the domain")
    user_uuid = Uuid("userid", help="UUID that the user shall have")

    def execute(self) -> User:
        return UserManager().create(
            caller=self.caller,
            account=resolve_owner(self.caller, self.account_name, self.domain),
            username=self.username,
            password=self.password.reveal(),
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
            timezone=self.timezone,
            uuid=self.user_uuid,
        )


class _OneUser(BaseCmd):
    abstract = True
    roles = ADMINS
    response = UserResponse

    user = Ref("id", User, access=Access.MODIFY, select_related=_WITH_OWNERS, required=True, help="the user")


class UpdateUser(_OneUser):
    """Changes a user; users may change themselves."""

    roles = EVERYONE
    event_type = events.USER_UPDATE

    api_key = Str("userapikey", help="public half of a key pair to set; goes with usersecretkey")
    secret_key = Secret("usersecretkey", help="secret half of the key pair")
    email = Str("email", help="mail address")
    first_name = Str("firstname", help="first name")
    last_name = Str("lastname", help="last name")
    password = Secret("password", help="new password")
    current_password = Secret("currentpassword", help="present password; users who are no administrators give it")
    key_access = Choice("apikeyaccess", KEY_ACCESS_WORDS, help="whether key pairs work: ENABLED, DISABLED, INHERIT")
    timezone = Str("timezone", help="as in Europe/Berlin")
    username = Str("username", help="new name to log in with")
    mandate_2fa = Flag("mandate2fa", help="whether the user must have a second factor, where the domain lets users")

    def execute(self) -> User:
        changes: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("email", "first_name", "last_name", "timezone", "username")
            if getattr(self, name) is not None
        }
        if self.key_access:
            changes["api_key_access"] = key_access_from(self.key_access)
        if self.mandate_2fa is not None:
            changes["second_factor_mandated"] = self.mandate_2fa
        return UserManager().update(
            caller=self.caller,
            user=self.user,
            password=_revealed(self.password),
            current_password=_revealed(self.current_password),
            api_key=self.api_key,
            secret_key=_revealed(self.secret_key),
            **changes,
        )


class EnableUser(_OneUser):
    """Enables a user who was disabled or locked."""

    def execute(self) -> User:
        return UserManager().enable(caller=self.caller, user=self.user)


class LockUser(_OneUser):
    """Shuts out a user for now."""

    def execute(self) -> User:
        return UserManager().lock(caller=self.caller, user=self.user)


class DisableUser(_OneUser, BaseAsyncCmd):
    """Shuts out a user until enabled."""

    def execute(self) -> AsyncJob:
        return UserManager().disable(caller=self.caller, user=self.user)


class DeleteUser(_OneUser):
    """Deletes a user with all key pairs."""

    response = SuccessResponse
    event_type = events.USER_DELETE

    def execute(self) -> None:
        UserManager().delete(caller=self.caller, user=self.user)


def _revealed(secret: Any) -> str | None:
    return None if secret is None else secret.reveal()
