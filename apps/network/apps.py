"""The network app."""

from cloudstack.framework.apps_support import CloudAppConfig


class NetworkConfig(CloudAppConfig):
    """Guest networks and what they stand on."""

    name = "apps.network"
    label = "network"
    verbose_name = "Networks"

    def ready(self) -> None:
        super().ready()
        from apps.infrastructure.selectors.capacities import register_capacity_source
        from apps.network.selectors.capacities import network_capacities
        from apps.network.services import counting, guards, plugin_uses, removal

        counting.register()
        guards.register()
        removal.register()
        plugin_uses.register()
        register_capacity_source(network_capacities)
