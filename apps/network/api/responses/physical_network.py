"""Physical networks, their traffic types and providers on the wire."""

from apps.network.api.responses.network import shown
from apps.network.models import (
    NetworkServiceProvider,
    PhysicalNetwork,
    PhysicalNetworkTrafficType,
    VnetRange,
)
from cloudstack.api import BOOL, LIST, STRING, Field, Loaded, Response
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import network_element, network_elements


def _ranges(keys: list[int], caller: Caller) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for row in VnetRange.objects.filter(physical_network__in=keys).order_by("start"):
        found.setdefault(row.physical_network_id, []).append(str(row))
    return {key: ",".join(ranges) for key, ranges in found.items()}


class PhysicalNetworkResponse(Response):
    """What a zone's guest networks are made on."""

    object_name = "physicalnetwork"
    model = PhysicalNetwork

    id = Field("uuid")
    name = Field()
    state = Field(help="Enabled or Disabled")
    zoneid = Field("zone__uuid")
    zonename = Field("zone__name")
    broadcastdomainrange = Field("broadcast_domain_range")
    isolationmethods = Field("isolation_method")
    networkspeed = shown("network_speed")
    tags = shown("tags")
    vlan = Loaded(_ranges, type=STRING, help="ranges of VXLAN numbers")


class TrafficTypeResponse(Response):
    """One kind of traffic on a physical network."""

    object_name = "traffictype"
    model = PhysicalNetworkTrafficType

    id = Field("uuid")
    traffictype = Field("traffic_type")
    physicalnetworkid = Field("physical_network__uuid")
    kvmnetworklabel = shown("kvm_label", help="link of KVM hosts that carries it")


class ProviderResponse(Response):
    """A network element on a physical network."""

    object_name = "networkserviceprovider"
    model = NetworkServiceProvider

    id = Field("uuid")
    name = Field()
    state = Field(help="Enabled, Disabled or Shutdown")
    physicalnetworkid = Field("physical_network__uuid")
    canenableindividualservice = Field(compute=lambda row: True, type=BOOL)
    servicelist = Field(
        compute=lambda row: [
            service for service in services_by(row["name"]) if row["services"] is None or service in row["services"]
        ],
        needs=("name", "services"),
        type=LIST,
        help="services that it gives there",
    )


class RouterElementResponse(Response):
    """The virtual router of a physical network."""

    object_name = "virtualrouterelement"
    model = NetworkServiceProvider

    id = Field("uuid", help="the element has the UUID of its provider")
    nspid = Field("uuid", help="the provider")
    enabled = Field("element_enabled")


def services_by(provider: str) -> list[str]:
    """Services that the element gives; none while its plugin is disabled."""
    if provider not in network_elements():
        return []
    return sorted(str(service) for service in network_element(provider).services)


class IsolationMethodResponse(Response):
    """How guest networks are kept apart."""

    object_name = "isolationmethod"

    name = Field(type=STRING, help="name of the method")


class TrafficTypeImplementorResponse(Response):
    """Who makes the segments of a kind of traffic."""

    object_name = "traffictypeimplementorresponse"

    traffictype = Field(type=STRING, help="kind of traffic")
    traffictypeimplementor = Field(type=STRING, help="name of the network element")
