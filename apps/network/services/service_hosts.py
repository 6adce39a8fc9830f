"""Which host carries a network's services: an enabled one that is up, near the first guest if there is one."""

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus, ResourceState
from apps.network.models import Network, NetworkHost
from cloudstack.framework.errors import InsufficientCapacity

STAYS_IN = (ResourceState.ENABLED, ResourceState.DISABLED)
"""A disabled host takes nothing new and keeps what it has; one on its way into maintenance is emptied."""


def is_eligible(host: Host) -> bool:
    """Whether ``host`` may take over services."""
    return host.removed is None and host.status == HostStatus.UP and host.resource_state == ResourceState.ENABLED


def can_stay(host: Host | None) -> bool:
    """Whether services may stay on ``host``. One that is merely silent keeps them: two servers are worse than none."""
    return (
        host is not None and host.removed is None and host.status != HostStatus.DOWN and host.resource_state in STAYS_IN
    )


def is_reachable(host: Host) -> bool:
    """Whether it makes sense to ask anything of ``host``."""
    return host.removed is None and host.status in (HostStatus.UP, HostStatus.CONNECTING)


def eligible_hosts(network: Network) -> QuerySet[Host]:
    """Hosts that may take services of ``network``, those with the fewest first."""
    served = (
        Network.objects.filter(service_host=OuterRef("pk")).order_by().values("service_host").annotate(n=Count("pk"))
    )
    return (
        Host.objects.filter(zone_id=network.zone_id, status=HostStatus.UP, resource_state=ResourceState.ENABLED)
        .select_related("zone", "pod", "cluster")
        .annotate(served=Coalesce(Subquery(served.values("n")), 0, output_field=IntegerField()))
        .order_by("served", "pk")
    )


def choose_service_host(network: Network, near_host: Host | None = None) -> Host:
    """The present host if services can stay there, else the near one, else one of the same hypervisor.

    Raises ``InsufficientCapacity`` when the zone has no host for it.
    """
    if can_stay(network.service_host):
        return network.service_host
    if near_host is not None and near_host.zone_id == network.zone_id and is_eligible(near_host):
        return near_host
    hosts = eligible_hosts(network)
    hypervisor = _hypervisor_of(network, near_host)
    host = (hosts.filter(hypervisor=hypervisor) if hypervisor else hosts).first()
    if host is None:
        raise InsufficientCapacity(
            f"zone {network.zone} has no {hypervisor or 'host'}{' host' if hypervisor else ''} that is up and enabled "
            f"to carry the services of network {network}",
            uuids=((str(network.uuid), "network"),),
        )
    return host


def _hypervisor_of(network: Network, near_host: Host | None) -> str:
    if near_host is not None:
        return near_host.hypervisor
    if network.service_host is not None:
        return network.service_host.hypervisor
    link = NetworkHost.objects.filter(network=network).select_related("host").first()
    return link.host.hypervisor if link else ""
