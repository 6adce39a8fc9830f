"""How networks go when their owner, or the domain that they are for, is deleted."""

from django.db.models import Q

from apps.accounts.services.removal import Owners, Stage, register_remover
from apps.network.models import Network
from apps.network.services.networks import NetworkManager
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob


def register() -> None:
    """Called once, when all apps are ready."""
    register_remover(Network, stage=Stage.NETWORKS, remove=delete, where=of_owners)


def of_owners(owners: Owners) -> Q:
    """Those of the accounts, and those that the operator made for a domain."""
    return Q(account__in=owners.accounts.values("pk")) | Q(access_domain__in=owners.domains.values("pk"))


def delete(row: Network, *, caller: Caller) -> AsyncJob:
    """Taken off all hosts, then deleted."""
    return NetworkManager().delete(caller=caller, network=row)
