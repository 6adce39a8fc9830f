"""The infrastructure app."""

from cloudstack.framework.apps_support import CloudAppConfig


class InfrastructureConfig(CloudAppConfig):
    """Zones, pods, clusters, hosts, capacity and placement."""

    name = "apps.infrastructure"
    label = "infrastructure"

    def ready(self) -> None:
        super().ready()
        from apps.infrastructure.services import plugin_uses, removal, sampling

        removal.register()
        plugin_uses.register()
        sampling.register_families()
