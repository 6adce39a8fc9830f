"""Commands on accounts."""

from django.db.models import Q, QuerySet

from apps.accounts import events
from apps.accounts.api.attached import ShowsIcons
from apps.accounts.api.listing import DomainScopedListCmd, own_domain
from apps.accounts.api.responses.account import AccountResponse
from apps.accounts.api.responses.figures import figures, only_tag
from apps.accounts.api.responses.user import KEY_ACCESS_WORDS, key_access_from
from apps.accounts.models import Account, Domain, Role
from apps.accounts.selectors import accounts_visible_to
from apps.accounts.services.accounts import AccountManager, role_for_type
from apps.accounts.states import AccountState
from cloudstack.api import (
    ADMINS,
    Access,
    BaseAsyncCmd,
    BaseCmd,
    Choice,
    Flag,
    Int,
    ListOf,
    Map,
    Ref,
    Secret,
    Str,
    SuccessResponse,
    Uuid,
)
from cloudstack.api.listing import Page
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.jobs import AsyncJob

_WITH_OWNERS = ("domain", "role")


class ListAccounts(ShowsIcons, DomainScopedListCmd):
    """Lists accounts: your own, or with listall all that you administer."""

    response = AccountResponse

    account_type = Int("accounttype", lookup="type", help="0 user, 1 root admin, 2 domain admin, 3 resource admin")
    account_name = Str("name", lookup="name", help="list accounts of this name")
    state = Choice("state", AccountState, lookup="state", help="enabled, disabled or locked")
    key_access = Choice("apikeyaccess", KEY_ACCESS_WORDS, help="ENABLED, DISABLED or INHERIT")
    details = ListOf("details", Str, help="all, resource or min: min leaves limits and totals away")
    tag = Str("tag", help="show of taggedresources only those of this host or storage tag")
    cleanup_needed = Flag("iscleanuprequired", lookup="cleanup_needed", help="list those whose deletion came to no end")

    def queryset(self) -> QuerySet[Account]:
        accounts = accounts_visible_to(caller=self.caller)
        if self.key_access:
            accounts = accounts.filter(api_key_access=key_access_from(self.key_access))
        if not self.caller.is_admin:
            return accounts
        return self.in_domains(accounts, own=Q(pk=self.caller.account_id))

    def omitted(self) -> frozenset[str]:
        return super().omitted() | (figures() if self.details == ["min"] else frozenset())

    def execute(self) -> Page:
        return only_tag(super().execute(), self.tag)


class CreateAccount(BaseCmd):
    """Opens an account with its first user."""

    roles = ADMINS
    response = AccountResponse
    event_type = events.ACCOUNT_CREATE

    account_name = Str("account", max_length=100, help="name of the account; the user's if left out")
    account_type = Int("accounttype", help="0 user, 1 root admin, 2 domain admin, 3 resource admin; or give roleid")
    role = Ref("roleid", Role, help="the account's role; it wins over accounttype")
    domain = Ref("domainid", Domain, access=Access.MODIFY, help="where the account is opened; your domain if left out")
    email = Str("email", required=True, help="mail address of the user")
    first_name = Str("firstname", required=True, help="first name of the user")
    last_name = Str("lastname", required=True, help="last name of the user")
    password = Secret("password", required=True, help="the user's password")
    timezone = Str("timezone", default="", help="as in Europe/Berlin")
    username = Str("username", required=True, help="the user's name")
    network_domain = Str("networkdomain", default="", help="DNS suffix of the names of its guests")
    details = Map("accountdetails", help="notes of the administrator")
    account_uuid = Uuid("accountid", help="UUID that the account shall have")
    user_uuid = Uuid("userid", help="UUID that the user shall have")

    def execute(self) -> Account:
        if self.role is None and self.account_type is None:
            raise InvalidParameter("Give roleid or accounttype", parameter="roleid")
        return AccountManager().create(
            caller=self.caller,
            name=self.account_name or self.username,
            domain=self.domain or own_domain(self.caller, parameter="domainid"),
            role=self.role or role_for_type(self.account_type),
            username=self.username,
            password=self.password.reveal(),
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
            timezone=self.timezone,
            network_domain=self.network_domain,
            details=self.details,
            uuid=self.account_uuid,
            user_uuid=self.user_uuid,
        )


class _OneAccount(BaseCmd):
    """A command on the account that ``id``, or ``account`` with ``domainid``, names."""

    abstract = True
    roles = ADMINS
    response = AccountResponse

    by_id = Ref("id", Account, access=Access.MODIFY, select_related=_WITH_OWNERS, help="the account")
    account_name = Str("account", help="name of the account, instead of id; goes with domainid")
    domain = Ref("domainid", Domain, help="domain of the account that is named; yours if left out")

    def target(self) -> Account:
        """The account; raises as a ``Ref`` does when it is out of reach."""
        if self.by_id is not None:
            return self.by_id
        if not self.account_name:
            raise InvalidParameter("Give id, or account and domainid", parameter="id")
        where = {"name": self.account_name, "domain_id": self.domain.pk if self.domain else self.caller.domain_id}
        account = accounts_visible_to(caller=self.caller, access=Access.MODIFY).filter(**where).first()
        if account is None:
            if accounts_visible_to(caller=self.caller).filter(**where).exists():
                raise PermissionDenied(f"You may see account {self.account_name} but not modify it")
            raise InvalidParameter(f"Unable to find account {self.account_name} in that domain", parameter="account")
        return account


class UpdateAccount(_OneAccount):
    """Changes an account."""

    event_type = events.ACCOUNT_UPDATE

    role = Ref("roleid", Role, help="new role")
    new_name = Str("newname", max_length=100, help="new name")
    network_domain = Str("networkdomain", help="DNS suffix of the names of its guests")
    details = Map("accountdetails", help="notes of the administrator; they are added to those there are")
    key_access = Choice("apikeyaccess", KEY_ACCESS_WORDS, help="whether key pairs work: ENABLED, DISABLED, INHERIT")

    def execute(self) -> Account:
        return AccountManager().update(
            caller=self.caller,
            account=self.target(),
            new_name=self.new_name,
            role=self.role,
            network_domain=self.network_domain,
            details=self.details,
            api_key_access=key_access_from(self.key_access) if self.key_access else None,
            set_api_key_access=self.key_access is not None,
        )


class EnableAccount(_OneAccount):
    """Enables an account that was disabled or locked."""

    def execute(self) -> Account:
        return AccountManager().enable(caller=self.caller, account=self.target())


class LockAccount(_OneAccount):
    """Shuts out the users of an account for now."""

    # These two are its only parameters.
    by_id = None
    account_name = Str("account", required=True, help="name of the account")
    domain = Ref("domainid", Domain, required=True, help="domain of the account")

    def execute(self) -> Account:
        return AccountManager().lock(caller=self.caller, account=self.target())


class DisableAccount(_OneAccount, BaseAsyncCmd):
    """Shuts out the users of an account until it is enabled."""

    lock = Flag("lock", required=True, help="true locks the account, false disables it")

    def execute(self) -> AsyncJob:
        return AccountManager().disable(caller=self.caller, account=self.target(), lock=self.lock)


class DeleteAccount(BaseAsyncCmd):
    """Closes an account: all that it owns is removed, then its users and keys, then the account."""

    roles = ADMINS
    response = SuccessResponse
    event_type = events.ACCOUNT_DELETE

    account = Ref("id", Account, access=Access.MODIFY, select_related=_WITH_OWNERS, required=True, help="the account")

    def execute(self) -> AsyncJob:
        return AccountManager().delete(caller=self.caller, account=self.account)
