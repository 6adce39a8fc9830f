"""Sharing a network: other accounts may put machines into it, and see it in their lists."""

from collections.abc import Collection, Iterable

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q, QuerySet
from guardian.models import GroupObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from apps.accounts.models import Account
from apps.accounts.selectors import domains_beneath
from apps.network import events
from apps.network.models import Network
from apps.network.selectors.networks import USE_NETWORK
from apps.network.states import AclType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish

PERMISSION = f"network.{USE_NETWORK}"


class NetworkPermissionManager:
    """Who besides the owner may use a network. Machines that are in it stay when their owner no longer may."""

    @transaction.atomic
    def add(self, *, caller: Caller, network: Network, accounts: Iterable[Account]) -> None:
        """Let ``accounts`` use the network. Raises ``InvalidParameter`` for one that everybody in a domain uses."""
        ensure_of_account(network)
        for account in accounts:
            if account.pk == network.account_id:
                raise InvalidParameter(f"account {account} owns network {network} already", parameter="accounts")
            assign_perm(PERMISSION, account.group, network)
        self._tell(caller, network)

    @transaction.atomic
    def remove(self, *, caller: Caller, network: Network, accounts: Iterable[Account]) -> None:
        """Let ``accounts`` use the network no longer; those that could not are passed by."""
        ensure_of_account(network)
        for account in accounts:
            remove_perm(PERMISSION, account.group, network)
        self._tell(caller, network)

    @transaction.atomic
    def reset(self, *, caller: Caller, network: Network) -> None:
        """Nobody but the owner may use the network."""
        ensure_of_account(network)
        forget_permissions(network)
        self._tell(caller, network)

    def _tell(self, caller: Caller, network: Network) -> None:
        publish(
            events.NETWORK_UPDATE,
            caller=caller,
            resource=network,
            description=f"changed who may use network {network}",
        )


def ensure_of_account(network: Network) -> None:
    if network.acl_type != AclType.ACCOUNT:
        raise InvalidParameter(
            f"network {network} is for everybody in domain {network.access_domain}; only networks of an account "
            "are shared",
            parameter="networkid",
        )


def accounts_with_use_of(network: Network) -> QuerySet[Account]:
    """Accounts that the network is shared with."""
    groups = _permissions_on(network).values("group")
    return Account.objects.filter(group__in=groups).select_related("domain", "project").order_by("pk")


def forget_permissions(network: Network) -> None:
    """Take the use of ``network`` from all others."""
    _permissions_on(network).delete()


def find_accounts(*, caller: Caller, network: Network, names: Collection[str], uuids: Collection[str]) -> list[Account]:
    """Accounts by name in the network's domain, and by UUID within the caller's domain (or reach, for admins)."""
    accounts = Account.objects.select_related("domain", "group").filter(is_system=False, project=None)
    wanted = list(accounts.filter(domain=network.domain_id, name__in=names))
    missing = sorted(set(names) - {account.name for account in wanted})
    if missing:
        raise InvalidParameter(
            f'Unable to find account "{missing[0]}" in domain {network.domain.shown_path}', parameter="accounts"
        )
    if caller.is_root_admin:
        within = Q()
    elif caller.is_domain_admin:
        within = Q(domain__in=domains_beneath(caller.domain_path).values("pk"))
    else:
        within = Q(domain=caller.domain_id)
    named = list(accounts.filter(within, uuid__in=uuids))
    unknown = sorted(set(uuids) - {str(account.uuid) for account in named})
    if unknown:
        raise InvalidParameter(f'Unable to find account with id "{unknown[0]}"', parameter="accountids")
    return list({account.pk: account for account in [*wanted, *named]}.values())


def _permissions_on(network: Network) -> QuerySet[GroupObjectPermission]:
    return GroupObjectPermission.objects.filter(
        content_type=ContentType.objects.get_for_model(Network),
        object_pk=str(network.pk),
        permission__codename=USE_NETWORK,
    )
