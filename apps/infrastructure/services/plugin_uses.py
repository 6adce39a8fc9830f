"""What of the infrastructure stands and falls with a plugin."""

from apps.infrastructure.models import Cluster, Host
from cloudstack.framework.plugins.uses import Given, counted, register_uses


def uses(given: Given) -> list[str]:
    """Hosts and clusters of the hypervisors that the plugin drives."""
    kinds = given.get("register_hypervisor_drivers", frozenset()) | given.get("register_host_agents", frozenset())
    if not kinds:
        return []
    of = f"of the hypervisor {', '.join(sorted(kinds))}"
    hosts, clusters = Host.objects.filter(hypervisor__in=kinds), Cluster.objects.filter(hypervisor__in=kinds)
    return [*counted(hosts.count(), "host", of), *counted(clusters.count(), "cluster", of)]


def register() -> None:
    register_uses(uses)
