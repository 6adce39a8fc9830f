"""Commands on network services and on who gives them."""

from apps.network import events
from apps.network.api.responses.physical_network import ProviderResponse
from apps.network.api.responses.service import (
    NetworkProtocolResponse,
    ServiceResponse,
    installed_services,
    service_body,
)
from apps.network.models import NetworkServiceProvider, PhysicalNetwork
from apps.network.protocols import ICMP_TYPES, PROTOCOLS
from apps.network.selectors import providers_visible_to
from apps.network.services.providers import NetworkServiceProviderManager
from apps.network.states import ProviderState
from cloudstack.api import (
    EVERYONE,
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    BaseListCmd,
    Choice,
    ListOf,
    Ref,
    Str,
    SuccessResponse,
)


class ListNetworkServiceProviders(BaseListCmd):
    """Lists the network elements of physical networks."""

    roles = ROOT
    response = ProviderResponse
    since = "3.0.0"

    provider_name = Str("name", lookup="name", help="exact name")
    state = Choice("state", ProviderState, lookup="state", help="Enabled, Disabled or Shutdown")
    physical_network = Ref(
        "physicalnetworkid", PhysicalNetwork, lookup="physical_network", help="providers on this physical network"
    )

    def queryset(self):
        return providers_visible_to(caller=self.caller)


class AddNetworkServiceProvider(BaseAsyncCreateCmd):
    """Adds a network element to a physical network, disabled."""

    roles = ROOT
    response = ProviderResponse
    event_type = events.SERVICE_PROVIDER_CREATE
    since = "3.0.0"

    physical_network = Ref(
        "physicalnetworkid", PhysicalNetwork, access=Access.MODIFY, required=True, help="the physical network"
    )
    provider_name = Str("name", required=True, help="name of the element")
    services = ListOf("servicelist", Str, help="services that it gives there; all that it can if left out")

    def execute(self):
        return NetworkServiceProviderManager().add(
            caller=self.caller, physical_network=self.physical_network, name=self.provider_name, services=self.services
        )


class UpdateNetworkServiceProvider(BaseAsyncCmd):
    """Enables or disables a network element for new networks."""

    roles = ROOT
    response = ProviderResponse
    event_type = events.SERVICE_PROVIDER_UPDATE
    since = "3.0.0"

    provider = Ref(
        "id",
        NetworkServiceProvider,
        access=Access.MODIFY,
        required=True,
        select_related=("physical_network",),
        help="the provider",
    )
    state = Choice("state", ProviderState, help="Enabled, Disabled or Shutdown")
    services = ListOf("servicelist", Str, help="services that it gives to new networks")

    def execute(self):
        return NetworkServiceProviderManager().update(
            caller=self.caller, provider=self.provider, state=self.state, services=self.services
        )


class DeleteNetworkServiceProvider(BaseAsyncCmd):
    """Removes a network element from a physical network."""

    roles = ROOT
    response = SuccessResponse
    event_type = events.SERVICE_PROVIDER_DELETE
    since = "3.0.0"

    provider = Ref(
        "id",
        NetworkServiceProvider,
        access=Access.MODIFY,
        required=True,
        select_related=("physical_network",),
        help="the provider",
    )

    def execute(self):
        return NetworkServiceProviderManager().delete(caller=self.caller, provider=self.provider)


class ListSupportedNetworkServices(BaseListCmd):
    """Lists the network services that the installed elements can give."""

    roles = ROOT
    response = ServiceResponse
    since = "3.0.0"
    id_filter = ids_filter = None

    service = Str("service", help="only this one")
    provider = Str("provider", help="only those of this element")

    def queryset(self):
        return [
            service_body(name, providers)
            for name, providers in installed_services().items()
            if (not self.service or name.lower() == self.service.lower())
            and (not self.provider or self.provider in providers)
            and (not self.keyword or self.keyword.lower() in name.lower())
        ]


class ListNetworkProtocols(BaseListCmd):
    """Lists the numbers of Internet protocols, or the types and codes of ICMP."""

    roles = EVERYONE
    response = NetworkProtocolResponse
    since = "4.19.0"
    id_filter = ids_filter = keyword = after = None

    option = Choice("option", ("protocolnumber", "icmptype"), required=True, help="protocolnumber or icmptype")

    def queryset(self):
        if self.option == "protocolnumber":
            return [{"index": number, "name": name, "description": text} for number, (name, text) in PROTOCOLS.items()]
        return [
            {"index": number, "name": name, "details": {str(code): text for code, text in codes.items()}}
            for number, (name, codes) in ICMP_TYPES.items()
        ]
