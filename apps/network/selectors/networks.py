"""Which guest networks a caller may see or change; and the unfiltered read of jobs."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from apps.accounts.models import Domain
from apps.accounts.models.domain import ancestor_paths
from apps.accounts.selectors import domains_beneath, owned_by, owned_scope, shared_with
from apps.network.models import Network
from apps.network.states import AclType
from cloudstack.api import Access
from cloudstack.api.counting import among_keys
from cloudstack.framework.context import Caller

USE_NETWORK = "use_network"


def open_to_domain(*, domain_id: int, domain_path: str) -> Q:
    """Networks that everybody in the domain may use: its own and, with subdomain access, those of domains above."""
    above = Domain.objects.filter(path__in=ancestor_paths(domain_path)).values("pk")
    return Q(acl_type=AclType.DOMAIN) & (
        Q(access_domain_id=domain_id) | (among_keys("access_domain_id", above) & Q(subdomain_access=True))
    )


def networks_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Network]:
    """Owners, their domain admins and root admins change a network.

    To be used it is also visible to those with whom it is shared, and to all in the domain it is for.
    """
    networks = Network.objects.all()
    if access != Access.USE or caller.is_root_admin:
        return owned_scope(networks, caller=caller, access=access)
    if caller.is_domain_admin:
        mine = among_keys("domain_id", domains_beneath(caller.domain_path).values("pk")) | owned_by(caller)
    else:
        mine = owned_by(caller)
    return networks.filter(mine | _given_to(caller))


def networks_of_owner_or_shared(*, caller: Caller) -> QuerySet[Network]:
    """What a list shows without ``listall``: networks of the caller's account, and those it may use besides."""
    return Network.objects.filter(owned_by(caller) | _given_to(caller))


def _given_to(caller: Caller) -> Q:
    shared = shared_with(Network, caller=caller, codename=USE_NETWORK)
    return among_keys("pk", shared) | open_to_domain(domain_id=caller.domain_id, domain_path=caller.domain_path)


def network_for_job(*, uuid: Any) -> Network:
    """A network with what drivers need to know of it, removed ones included: a job must be able to finish."""
    return _for_jobs(Network.all_objects.filter(uuid=uuid)).get()


def networks_for_job(*, pks: Collection[int]) -> dict[int, Network]:
    """Networks by primary key, each as :func:`network_for_job` gives it; one statement."""
    return {network.pk: network for network in _for_jobs(Network.all_objects.filter(pk__in=pks))}


def _for_jobs(networks: QuerySet[Network]) -> QuerySet[Network]:
    return networks.order_by().select_related(
        "zone", "physical_network", "offering", "service_host__zone", "service_host__pod", "service_host__cluster"
    )
