"""How networks and addresses go when their owner, or the domain that they are for, is deleted."""

from django.db.models import Q

from apps.accounts.services.removal import Owners, Stage, register_remover
from apps.network.models import GuestVlanRange, Network, NetworkRule, PublicIpAddress, VlanIpRange
from apps.network.services.guest_vlans import GuestVlanRangeManager
from apps.network.services.networks import NetworkManager
from apps.network.services.public_addresses import give_back
from apps.network.services.public_ranges import PublicRangeManager
from apps.network.services.rules import NetworkRuleManager
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob


def register() -> None:
    """Called once, when all apps are ready."""
    register_remover(NetworkRule, stage=Stage.MACHINES, remove=delete_rule)
    register_remover(Network, stage=Stage.NETWORKS, remove=delete_network, where=of_owners)
    # Those of its networks go with them; what is left is what the account holds beside.
    register_remover(PublicIpAddress, stage=Stage.NETWORKS, remove=free_address)
    register_remover(VlanIpRange, stage=Stage.OTHERS, remove=release_range, where=kept_for, what="the dedication of")
    register_remover(GuestVlanRange, stage=Stage.OTHERS, remove=release_numbers, what="the dedication of")


def of_owners(owners: Owners) -> Q:
    """Those of the accounts, and those that the operator made for a domain."""
    return Q(account__in=owners.accounts.values("pk")) | Q(access_domain__in=owners.domains.values("pk"))


def kept_for(owners: Owners) -> Q:
    """Public ranges that nobody else may use."""
    accounts, domains = owners.accounts.values("pk"), owners.domains.values("pk")
    return Q(dedicated_account__in=accounts) | Q(dedicated_domain__in=domains)


def delete_network(row: Network, *, caller: Caller) -> AsyncJob:
    """Taken off all hosts, then deleted."""
    return NetworkManager().delete(caller=caller, network=row)


def free_address(row: PublicIpAddress, *, caller: Caller) -> None:
    """Given back at once: nothing leads to it any more."""
    give_back(row)


def release_range(row: VlanIpRange, *, caller: Caller) -> None:
    """Open to everybody again."""
    PublicRangeManager().release(caller=caller, ip_range=row)


def release_numbers(row: GuestVlanRange, *, caller: Caller) -> AsyncJob:
    """Open to everybody again; networks that have one are gone by now."""
    return GuestVlanRangeManager().release(caller=caller, vlan_range=row)


def delete_rule(row: NetworkRule, *, caller: Caller) -> AsyncJob:
    """Taken from its element before the network goes."""
    return NetworkRuleManager().delete(caller=caller, rule=row)
