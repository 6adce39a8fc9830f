"""The zone that an account uses unless it names another."""

from apps.accounts import events
from apps.accounts.api.responses.account import AccountResponse
from apps.accounts.models import Account, Domain
from apps.accounts.selectors import accounts_visible_to
from apps.infrastructure.models import Zone
from apps.infrastructure.services.account_zone import AccountZoneManager
from cloudstack.api import ROOT, Access, BaseAsyncCmd, Ref, Str
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


class MarkDefaultZoneForAccount(BaseAsyncCmd):
    """Notes which zone clients are to offer an account first."""

    roles = ROOT
    response = AccountResponse
    event_type = events.ACCOUNT_MARK_DEFAULT_ZONE

    account_name = Str("account", required=True, help="name of the account")
    domain = Ref("domainid", Domain, required=True, help="domain of the account")
    zone = Ref("zoneid", Zone, required=True, help="the zone")

    def execute(self) -> AsyncJob:
        accounts = accounts_visible_to(caller=self.caller, access=Access.MODIFY)
        account: Account | None = accounts.filter(name=self.account_name, domain=self.domain).first()
        if account is None:
            raise InvalidParameter(f"Unable to find account {self.account_name} in that domain", parameter="account")
        return AccountZoneManager().mark(caller=self.caller, account=account, zone=self.zone)
