"""Who gives a network which service, and how they are all asked. No rows are written here.

One element connects the network (layer 2): the offering's provider of Connectivity, else the element named
after the isolation method of the physical network. The others add services on top, in the order of the
offering. A router with NAT and rules, a load balancer or a controller of switches is one more element.
"""

from collections.abc import Iterable

from django.db.models import QuerySet

from apps.infrastructure.models import Host
from apps.infrastructure.specs import host_ref
from apps.network.models import Network, NetworkOffering, NetworkRule
from apps.network.specs import network_spec, rule_spec
from apps.network.states import RuleState
from cloudstack.contracts.network import SERVICE_OF_RULE, GuestNic, NetworkElement, Service, SupportsRules, is_hostless
from cloudstack.framework.drivers import network_element
from cloudstack.framework.errors import ResourceUnavailable


def services_of(offering: NetworkOffering) -> dict[str, list[str]]:
    """Provider → the services it gives, in the offering's order; read once for each instance of the offering."""
    known: dict[str, list[str]] | None = vars(offering).get("read_services")
    if known is None:
        known = {}
        for provider, service in offering.services.values_list("provider", "service"):
            known.setdefault(provider, []).append(service)
        vars(offering)["read_services"] = known
    return known


def gives(offering: NetworkOffering, *services: Service) -> bool:
    """Whether the offering has one of ``services``."""
    return offering.services.filter(service__in=[str(service) for service in services]).exists()


def connectivity_of(network: Network, providers: dict[str, list[str]]) -> NetworkElement:
    """The element that makes the network's segment on hosts."""
    for provider, services in providers.items():
        if str(Service.CONNECTIVITY) in services:
            return network_element(provider)
    return network_element(network.physical_network.isolation_method)


def elements_of(network: Network) -> list[NetworkElement]:
    """All elements of ``network``: the one that connects it first, each once."""
    providers = services_of(network.offering)
    elements = [connectivity_of(network, providers), *(network_element(provider) for provider in providers)]
    return list(dict.fromkeys(elements))


def needs_service_host(network: Network) -> bool:
    """Whether anything runs on a host for the network besides its segment."""
    segment = {str(Service.CONNECTIVITY)}
    return any(
        set(services) - segment and not is_hostless(network_element(provider))
        for provider, services in services_of(network.offering).items()
    )


def implement(network: Network, host: Host, nics: Iterable[GuestNic]) -> None:
    """Bring services up on ``host`` and tell them of all cards and rules."""
    spec, ref = network_spec(network, host), host_ref(host)
    elements = elements_of(network)
    for element in elements:
        element.implement(spec, ref)
    for nic in nics:
        for element in elements:
            element.prepare_nic(spec, nic, ref)
    apply_rules(network, host, rules_in_force(network))


def rules_in_force(network: Network) -> QuerySet[NetworkRule]:
    """Rules that hold now; those on their way out do until their job has run."""
    return NetworkRule.objects.filter(network=network, state__in=(RuleState.ACTIVE, RuleState.REVOKE))


def apply_rules(network: Network, host: Host, rules: QuerySet[NetworkRule]) -> None:
    """Have exactly ``rules`` hold: each element that takes rules is told those of its services."""
    takers = [element for element in elements_of(network) if isinstance(element, SupportsRules)]
    if not takers:
        return
    spec, ref = network_spec(network, host), host_ref(host)
    given = services_of(network.offering)
    specs = [rule_spec(rule) for rule in rules.select_related("address").order_by("pk")]
    for element in takers:
        own = set(given.get(element.name, []))
        element.apply_rules(spec, tuple(one for one in specs if str(SERVICE_OF_RULE[one.kind]) in own), ref)


def taker_of(network: Network, service: Service) -> str:
    """Name of the element that takes rules of ``service`` in ``network``; empty when none does."""
    for provider, services in services_of(network.offering).items():
        if str(service) in services and isinstance(network_element(provider), SupportsRules):
            return provider
    return ""


def shutdown(network: Network, host: Host) -> None:
    """Take services down on ``host``, last come first gone."""
    spec, ref = network_spec(network, host), host_ref(host)
    for element in reversed(elements_of(network)):
        element.shutdown(spec, ref)


def connect(network: Network, host: Host) -> str:
    """Make the network's segment on ``host``; answers the bridge that guests plug into."""
    spec, ref = network_spec(network, host), host_ref(host)
    bridges = [element.prepare_host(spec, ref) for element in elements_of(network)]
    bridge = next((name for name in bridges if name), "")
    if not bridge:
        raise ResourceUnavailable(f"no element of network {network} has made a bridge on host {host}")
    return bridge


def disconnect(network: Network, host: Host) -> None:
    """Take the network's segment off ``host``, unless a guest there still needs it."""
    spec, ref = network_spec(network, host), host_ref(host)
    for element in reversed(elements_of(network)):
        element.release_host(spec, ref)


def prepare_nic(network: Network, nic: GuestNic, host: Host) -> None:
    spec, ref = network_spec(network, host), host_ref(host)
    for element in elements_of(network):
        element.prepare_nic(spec, nic, ref)


def release_nic(network: Network, nic: GuestNic, host: Host) -> None:
    spec, ref = network_spec(network, host), host_ref(host)
    for element in reversed(elements_of(network)):
        element.release_nic(spec, nic, ref)
