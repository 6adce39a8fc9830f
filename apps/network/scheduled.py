"""Periodic work of the network app."""

from django.core.cache import cache

from apps.network.config import NETWORK_GC_INTERVAL
from apps.network.services import collector
from cloudstack.framework.scheduler import scheduled


@scheduled("network.collect", every_s=30)
def collect() -> None:
    """Takes down networks and bridges that nobody uses, every ``network.gc.interval`` seconds."""
    if cache.add("network.collect.ran", True, timeout=NETWORK_GC_INTERVAL.value()):
        collector.collect()


@scheduled("network.heal", every_s=30)
def heal() -> None:
    """Moves services of networks away from hosts that are down or in maintenance."""
    collector.heal()
