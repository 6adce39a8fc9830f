"""Providers: the network elements that give services on a physical network."""

from django.db import transaction

from apps.network import events
from apps.network.models import Network, NetworkServiceProvider, PhysicalNetwork
from apps.network.services.physical_networks import submit_row
from apps.network.states import ProviderState
from cloudstack.contracts.network import Service
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import network_element, network_elements
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.jobs import AsyncJob


class NetworkServiceProviderManager:
    """Adds, changes and removes providers."""

    @transaction.atomic
    def add(
        self, *, caller: Caller, physical_network: PhysicalNetwork, name: str, services: list[str] | None = None
    ) -> tuple[NetworkServiceProvider, AsyncJob]:
        """Let the network element ``name`` give services there, all that it can or ``services``, once it is enabled."""
        if name not in network_elements():
            raise InvalidParameter(
                f"no plugin gives a network element named {name!r}; there are "
                f"{', '.join(network_elements()) or 'none'}",
                parameter="name",
            )
        provider, made = NetworkServiceProvider.objects.get_or_create(
            physical_network=physical_network, name=name, defaults={"services": _services(name, services)}
        )
        if not made:
            raise InvalidParameter(f"physical network {physical_network} has provider {name} already", parameter="name")
        return provider, submit_row(
            "network.provider.add",
            events.SERVICE_PROVIDER_CREATE,
            caller,
            physical_network,
            provider,
            "adding provider {}",
        )

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        provider: NetworkServiceProvider,
        state: str | None,
        services: list[str] | None = None,
    ) -> AsyncJob:
        """Enable or disable a provider, or some services of it: for new networks, existing ones keep theirs."""
        wanted = None if state is None else str(ProviderState(state))
        if wanted == ProviderState.ENABLED:
            ensure_element_enabled(provider)
        return submit_row(
            "network.provider.update",
            events.SERVICE_PROVIDER_UPDATE,
            caller,
            provider.physical_network,
            provider,
            "updating provider {}",
            state=wanted,
            services=_services(provider.name, services),
        )

    @transaction.atomic
    def configure_element(self, *, caller: Caller, provider: NetworkServiceProvider, enabled: bool) -> AsyncJob:
        """Allow or stop the element of ``provider``. It cannot be stopped while the provider is enabled."""
        if not enabled:
            ensure_provider_not_enabled(provider)
        return submit_row(
            "network.element.configure",
            events.ELEMENT_CONFIGURE,
            caller,
            provider.physical_network,
            provider,
            "configuring the element of provider {}",
            enabled=enabled,
        )

    @transaction.atomic
    def delete(self, *, caller: Caller, provider: NetworkServiceProvider) -> AsyncJob:
        """Raises ``ResourceInUse`` while an offering of a network there needs it."""
        ensure_provider_unused(provider)
        return submit_row(
            "network.provider.delete",
            events.SERVICE_PROVIDER_DELETE,
            caller,
            provider.physical_network,
            provider,
            "removing provider {}",
        )


def add_installed_providers(physical: PhysicalNetwork) -> list[str]:
    """A row, disabled, for each installed element that gives more than a segment."""
    names = [name for name in network_elements() if network_element(name).services - {Service.CONNECTIVITY}]
    NetworkServiceProvider.objects.bulk_create(
        [NetworkServiceProvider(physical_network=physical, name=name) for name in names], ignore_conflicts=True
    )
    return names


def ensure_element_enabled(provider: NetworkServiceProvider) -> None:
    """Raises ``InvalidParameter`` when the element of ``provider`` was stopped."""
    if not provider.element_enabled:
        raise InvalidParameter(
            f"the element of provider {provider} is stopped there; allow it first (configureVirtualRouterElement)",
            parameter="state",
        )


def ensure_provider_not_enabled(provider: NetworkServiceProvider) -> None:
    """Raises ``InvalidParameter`` for an enabled provider."""
    if provider.state == ProviderState.ENABLED:
        raise InvalidParameter(
            f"provider {provider} is Enabled there; disable it first (updateNetworkServiceProvider)",
            parameter="enabled",
        )


def ensure_provider_unused(provider: NetworkServiceProvider) -> None:
    used = (
        Network.objects.filter(
            physical_network=provider.physical_network_id, offering__services__provider=provider.name
        )
        .distinct()
        .count()
    )
    if used:
        raise ResourceInUse(f"provider {provider} serves {used} networks; delete them or give them another offering")


def _services(provider: str, names: list[str] | None) -> list[str] | None:
    """The services of ``names`` in their usual spelling; None for all that the element can give."""
    if names is None:
        return None
    able = {str(service).lower(): str(service) for service in network_element(provider).services}
    for name in names:
        if name.lower() not in able:
            raise InvalidParameter(
                f"provider {provider} does not give {name}; it gives {', '.join(sorted(able.values()))}",
                parameter="servicelist",
            )
    return sorted({able[name.lower()] for name in names})
