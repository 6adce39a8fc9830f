"""Network services on the wire: names, providers and what they can do."""

from collections.abc import Callable, Iterable
from typing import Any

from apps.network.models import NetworkOfferingService
from apps.network.services.offerings import CAPABILITIES
from cloudstack.api import BOOL, INT, LIST, MAP, STRING, Field, Response
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import network_element, network_elements


class CapabilityResponse(Response):
    """One ability of a service."""

    object_name = "capability"

    name = Field(type=STRING)
    value = Field(type=STRING)
    canchooseservicecapability = Field(type=BOOL)


class ServiceResponse(Response):
    """One service of a network, an offering, or the cloud."""

    object_name = "networkservice"

    name = Field(type=STRING, help="name of the service")
    provider = Field(type=LIST, help="who gives it")
    capability = Field(type=LIST, help="what it can do")


class NetworkProtocolResponse(Response):
    """One protocol of the Internet, or one type of ICMP."""

    object_name = "networkprotocol"

    index = Field(type=INT, help="its number")
    name = Field(type=STRING)
    description = Field(type=STRING)
    details = Field(type=MAP, help="codes of a type of ICMP")


def service_body(service: str, providers: Iterable[str]) -> dict[str, Any]:
    """One ``service`` object."""
    return {
        "name": service,
        "provider": [{"name": provider, "canenableindividualservice": True} for provider in providers],
        "capability": [
            {"name": name, "value": value, "canchooseservicecapability": False}
            for name, value in CAPABILITIES.get(service, ())
        ],
    }


def services_loader(path: str) -> Callable[[list[int], Caller], dict[int, list[dict[str, Any]]]]:
    """For ``Loaded``: services by primary key, where ``path`` leads from an offering's service to the row."""

    def load(keys: list[int], caller: Caller) -> dict[int, list[dict[str, Any]]]:
        rows = (
            NetworkOfferingService.objects.filter(**{f"{path}__in": keys})
            .order_by("pk")
            .values_list(path, "service", "provider")
        )
        found: dict[int, dict[str, list[str]]] = {key: {} for key in keys}
        for key, service, provider in rows:
            found[key].setdefault(service, []).append(provider)
        return {
            key: [service_body(service, providers) for service, providers in services.items()]
            for key, services in found.items()
        }

    return load


def installed_services() -> dict[str, list[str]]:
    """Service → providers, of all network elements of the enabled plugins."""
    found: dict[str, list[str]] = {}
    for provider in network_elements():
        for service in sorted(str(one) for one in network_element(provider).services):
            found.setdefault(service, []).append(provider)
    return dict(sorted(found.items()))
