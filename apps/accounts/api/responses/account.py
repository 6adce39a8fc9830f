"""Accounts as clients see them."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.accounts.api.attached import Iconed
from apps.accounts.api.responses.figures import Figure, LimitedResponse
from apps.accounts.api.responses.user import UserResponse, key_access_word, role_type_word
from apps.accounts.models import Account, AccountType, User
from apps.accounts.models.domain import shown_path
from apps.accounts.services.held_machines import machines_of
from cloudstack.api import ADMINS, INT, LIST, MAP, STRING, Children, Field


class _UserOfAccount(UserResponse):
    icon = None


class AccountResponse(Iconed, LimitedResponse):
    object_name = "account"
    model = Account
    owner, holder = "account", Account
    path_at = "domain__path"
    free_path, free_value = "type", int(AccountType.ADMIN)

    id = Field("uuid", help="UUID of the account")
    name = Field(help="its name")
    accounttype = Field("type", help="0 user, 1 root admin, 2 domain admin, 3 resource admin")
    roleid = Field("role__uuid", help="UUID of its role")
    rolename = Field("role__name", help="name of its role")
    roletype = role_type_word("role__type")
    domainid = Field("domain__uuid", help="UUID of its domain")
    domain = Field("domain__name", help="name of its domain")
    domainpath = Field(
        compute=lambda row: shown_path(row["domain__path"]), needs=("domain__path",), type=STRING, help="ROOT/sales"
    )
    state = Field(help="enabled, disabled or locked")
    created = Field(help="when it was opened")
    networkdomain = Field(
        compute=lambda row: row["network_domain"] or None, needs=("network_domain",), help="DNS suffix of its guests"
    )
    accountdetails = Field(
        compute=lambda row: row["details"] or None, needs=("details",), type=MAP, roles=ADMINS, help="notes of admins"
    )
    isdefault = Field("is_default", help="whether it came with the installation")
    defaultzoneid = Field("default_zone_uuid", help="UUID of the zone that clients offer it first")
    vmrunning = Figure(type=INT, help="machines that run")
    vmstopped = Figure(type=INT, help="machines that are stopped")
    iscleanuprequired = Field("cleanup_needed", help="whether its deletion came to no end and will be tried again")
    apikeyaccess = Field(
        compute=lambda row: key_access_word(row["api_key_access"]),
        needs=("api_key_access",),
        help="whether key pairs work: ENABLED, DISABLED or INHERIT (from the settings)",
    )
    groups = Field(compute=lambda row: [], type=LIST, help="empty: rights come by roles, not by groups of accounts")
    user = Children(_UserOfAccount, parent="account_id", queryset=lambda: User.objects.order_by("pk"), help="its users")

    @classmethod
    def more_figures(cls, keys: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        machines = machines_of(keys)
        pairs = {key: machines.get(key, (0, 0)) for key in keys}
        return {key: {"vmrunning": running, "vmstopped": stopped} for key, (running, stopped) in pairs.items()}
