"""What of this app keeps zones and hosts from being deleted."""

from collections.abc import Iterable

from apps.infrastructure.models import Host, Zone
from apps.infrastructure.services.guards import register_guard
from apps.network.models import Network, PhysicalNetwork, VlanIpRange
from apps.network.services.service_hosts import is_eligible, is_reachable


def networks_in(zone: Zone) -> Iterable[str]:
    """A zone is emptied before it goes."""
    physical = PhysicalNetwork.objects.filter(zone=zone).count()
    guests = Network.objects.filter(zone=zone).count()
    public = VlanIpRange.objects.filter(physical_network__zone=zone, network__isnull=True).count()
    return [
        *([f"{guests} guest networks are in it"] if guests else []),
        *([f"{public} public address ranges are in it"] if public else []),
        *([f"{physical} physical networks are in it"] if physical else []),
    ]


def services_on(host: Host) -> Iterable[str]:
    """A host that can be asked gives its services up first: nobody would stop them later."""
    served = Network.objects.filter(service_host=host, services_up=True).count()
    others = any(is_eligible(other) for other in Host.objects.filter(zone=host.zone_id).exclude(pk=host.pk))
    if served and others and is_reachable(host):
        return [f"it carries the services of {served} networks; in maintenance they leave it within a minute"]
    return []


def register() -> None:
    """Called once, when the apps are ready."""
    register_guard(Zone, networks_in)
    register_guard(Host, services_on)
