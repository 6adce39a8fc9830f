"""What of the networks stands and falls with a plugin."""

from django.db.models import Q

from apps.network.models import Network, PhysicalNetwork
from cloudstack.framework.plugins.uses import Given, counted, register_uses


def uses(given: Given) -> list[str]:
    """Networks that its elements serve or connect, and physical networks that are made with them."""
    names = given.get("register_network_elements", frozenset())
    if not names:
        return []
    by = f"of {', '.join(sorted(names))}"
    served = Q(offering__services__provider__in=names) | Q(physical_network__isolation_method__in=names)
    networks = Network.objects.filter(served).distinct()
    wires = PhysicalNetwork.objects.filter(isolation_method__in=names)
    return [*counted(networks.count(), "network", by), *counted(wires.count(), "physical network", by)]


def register() -> None:
    register_uses(uses)
