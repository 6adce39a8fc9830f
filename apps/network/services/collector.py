"""Finds what is to be taken down or brought up again, and starts jobs for it. Called by the scheduler, no caller."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus, ResourceState
from apps.network.config import NETWORK_GC_WAIT
from apps.network.models import Network, NetworkHost
from apps.network.services.nic_sources import guest_nics
from apps.network.services.service_hosts import STAYS_IN
from apps.network.states import GuestType, NetworkState
from cloudstack.framework.jobs import AsyncJob, dispatch

BATCH = 200
"""How many networks one run looks at; the rest has its turn in the next ones."""


def collect() -> int:
    """Idle networks go down, idle bridges go away; answers the number of jobs started."""
    return collect_networks() + collect_links()


def collect_networks() -> int:
    """Isolated and L2 networks that have been without guests for ``network.gc.wait`` seconds are shut down."""
    now = timezone.now()
    due = now - timedelta(seconds=NETWORK_GC_WAIT.value())
    standing = (
        Network.objects.filter(state=NetworkState.IMPLEMENTED, offering__is_persistent=False)
        .exclude(guest_type=GuestType.SHARED)
        .order_by(F("idle_since").asc(nulls_last=True), "pk")
    )
    started = 0
    for network in standing[:BATCH]:
        if guest_nics(network):
            if network.idle_since is not None:
                Network.objects.filter(pk=network.pk).update(idle_since=None)
            continue
        if network.idle_since is None:
            Network.objects.filter(pk=network.pk).update(idle_since=now)
            network.idle_since = now
        if network.idle_since <= due:
            started += _start("network.network.shutdown", network, f"shutting idle network {network} down")
    # Left half-way down by a job that could not go on.
    for network in Network.objects.filter(state=NetworkState.SHUTDOWN)[:BATCH]:
        started += _start("network.network.shutdown", network, f"shutting network {network} down")
    return started


def collect_links() -> int:
    """Bridges without guests, and services left behind on a host that can be asked again, are taken away."""
    due = timezone.now() - timedelta(seconds=NETWORK_GC_WAIT.value())
    reachable = Q(host__status=HostStatus.UP) | Q(host__removed__isnull=False)
    unused = Q(idle_since__lte=due) | Q(serves=True)
    rows = (
        NetworkHost.objects.filter(reachable & unused)
        .exclude(network__services_up=True, network__service_host=F("host"))
        .exclude(network__implementing_job__isnull=False)
        .order_by("idle_since", "pk")
        .values_list("network_id", "pk")
    )
    links: dict[int, list[int]] = {}
    for network_id, pk in rows[:BATCH]:
        links.setdefault(network_id, []).append(pk)
    networks = Network.all_objects.filter(pk__in=links)
    return sum(
        _start("network.network.clean_hosts", network, f"cleaning hosts of network {network}", links=links[network.pk])
        for network in networks
    )


def heal() -> int:
    """Services whose host is down or in maintenance move; those that went down with guests come up again."""
    sick = Q(service_host__status=HostStatus.DOWN) | ~Q(service_host__resource_state__in=STAYS_IN)
    somewhere = Host.objects.filter(zone=OuterRef("zone"), status=HostStatus.UP, resource_state=ResourceState.ENABLED)
    networks = Network.objects.filter(Exists(somewhere)).filter(
        Q(service_host__isnull=False, services_up=True) & (sick | Q(service_host__removed__isnull=False))
        | Q(services_up=False, state__in=(NetworkState.IMPLEMENTED, NetworkState.SETUP), implementing_job=None)
    )
    started = 0
    for network in networks[:BATCH]:
        if network.services_up or guest_nics(network):
            started += _start("network.network.implement", network, f"bringing services of network {network} up")
    return started


def _start(workflow: str, network: Network, text: str, **arguments: Any) -> int:
    """One job of a kind per network at a time."""
    if AsyncJob.objects.filter(resource_uuid=network.uuid, name=workflow, status__in=AsyncJob.LIVE).exists():
        return 0
    dispatch(
        workflow,
        exclusive=[f"network:{network.uuid}"],
        resource=network,
        arguments={"network_uuid": str(network.uuid), **arguments},
        description=text,
    )
    return 1
