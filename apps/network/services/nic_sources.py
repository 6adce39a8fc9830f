"""Who is on a network: cards live in an app above this one, which registers how to ask for them."""

from collections.abc import Callable, Iterable

from apps.network.models import Network
from cloudstack.contracts.network import GuestNic

NicSource = Callable[[Network], Iterable[GuestNic]]

_sources: list[NicSource] = []


def register_nic_source(source: NicSource) -> None:
    """Register ``source(network)``: the cards of machines that are running or on their way up or down.

    The answer decides what a DHCP server is told when a network's services come up anew, and whether
    a network is idle. One statement, please: it is asked for every implemented network.
    """
    if source not in _sources:
        _sources.append(source)


def guest_nics(network: Network) -> list[GuestNic]:
    """All cards whose machines need ``network`` now."""
    return [nic for source in _sources for nic in source(network)]
