"""Commands on the virtual routers of physical networks: what clients that build zones switch on before the provider.

An element is made with its provider and is allowed from the start, so a client that skips it gets its services as well.
"""

from apps.network import events
from apps.network.api.responses.physical_network import RouterElementResponse
from apps.network.models import NetworkServiceProvider
from apps.network.selectors import providers_visible_to
from apps.network.services.providers import NetworkServiceProviderManager
from cloudstack.api import ROOT, Access, BaseAsyncCmd, BaseListCmd, Flag, Ref
from cloudstack.framework.errors import InvalidParameter

ROUTER = "VirtualRouter"


class ListVirtualRouterElements(BaseListCmd):
    """Lists the virtual routers of physical networks."""

    roles = ROOT
    response = RouterElementResponse
    since = "3.0.0"

    provider = Ref("nspid", NetworkServiceProvider, help="the element of this provider")
    enabled = Flag("enabled", lookup="element_enabled", help="only those that are allowed, or that are stopped")

    def queryset(self):
        elements = providers_visible_to(caller=self.caller).filter(name=ROUTER)
        return elements if self.provider is None else elements.filter(pk=self.provider.pk)


class ConfigureVirtualRouterElement(BaseAsyncCmd):
    """Allows the virtual router of a physical network, or stops it: then its provider cannot be enabled."""

    roles = ROOT
    response = RouterElementResponse
    event_type = events.ELEMENT_CONFIGURE
    since = "3.0.0"

    element = Ref(
        "id",
        NetworkServiceProvider,
        access=Access.MODIFY,
        required=True,
        select_related=("physical_network",),
        help="the element",
    )
    enabled = Flag("enabled", required=True, help="true allows it, false stops it")

    def execute(self):
        if self.element.name != ROUTER:
            raise InvalidParameter(f"{self.element} is no virtual router", parameter="id")
        return NetworkServiceProviderManager().configure_element(
            caller=self.caller, provider=self.element, enabled=self.enabled
        )
