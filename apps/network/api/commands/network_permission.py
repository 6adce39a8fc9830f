"""Commands on who else may use a network."""

from apps.accounts.api.responses.limit import holder_fields
from apps.accounts.models import Project
from apps.network.api.responses.network import NetworkPermissionResponse
from apps.network.models import Network
from apps.network.services.network_permissions import (
    NetworkPermissionManager,
    accounts_with_use_of,
    ensure_of_account,
    find_accounts,
)
from cloudstack.api import EVERYONE, Access, BaseCmd, BaseListCmd, ListOf, Ref, RefList, Str, SuccessResponse, Uuid
from cloudstack.framework.errors import InvalidParameter


class _NetworkPermissionCommand(BaseCmd):
    abstract = True
    roles = EVERYONE
    response = SuccessResponse
    since = "4.17.0"

    network = Ref(
        "networkid",
        Network,
        access=Access.OPERATE,
        required=True,
        select_related=("domain", "access_domain"),
        help="the network",
    )


class _OfAccounts(_NetworkPermissionCommand):
    abstract = True

    accounts = ListOf("accounts", Str, help="names of accounts in the network's domain")
    account_ids = ListOf("accountids", Uuid, help="UUIDs of accounts in your domain, or within your reach as an admin")
    projects = RefList("projectids", Project, select_related=("account__group",), help="projects within your reach")

    def named(self):
        found = list(
            find_accounts(
                caller=self.caller, network=self.network, names=self.accounts or (), uuids=self.account_ids or ()
            )
        )
        found += [project.account for project in self.projects or ()]
        if not found:
            raise InvalidParameter("name accounts with accounts or accountids, or projectids", parameter="accountids")
        return found


class CreateNetworkPermissions(_OfAccounts):
    """Lets other accounts put machines into a network."""

    def execute(self):
        NetworkPermissionManager().add(caller=self.caller, network=self.network, accounts=self.named())


class RemoveNetworkPermissions(_OfAccounts):
    """Takes the use of a network from accounts; their machines in it stay."""

    def execute(self):
        NetworkPermissionManager().remove(caller=self.caller, network=self.network, accounts=self.named())


class ResetNetworkPermissions(_NetworkPermissionCommand):
    """Takes the use of a network from all but its owner."""

    def execute(self):
        NetworkPermissionManager().reset(caller=self.caller, network=self.network)


class ListNetworkPermissions(BaseListCmd):
    """Lists the accounts that a network is shared with."""

    roles = EVERYONE
    response = NetworkPermissionResponse
    since = "4.17.0"
    id_filter = ids_filter = keyword = after = None

    network = Ref(
        "networkid",
        Network,
        access=Access.OPERATE,
        required=True,
        select_related=("access_domain",),
        help="the network",
    )

    def queryset(self):
        ensure_of_account(self.network)
        return [
            {
                "networkid": str(self.network.uuid),
                "domainid": str(account.domain.uuid),
                "domain": account.domain.name,
                **holder_fields(account),
            }
            for account in accounts_with_use_of(self.network)
        ]
