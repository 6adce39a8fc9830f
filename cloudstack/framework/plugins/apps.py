"""The Django app of the plugin system."""

from django.apps import AppConfig
from django.conf import settings

from cloudstack.framework.plugins.manager import PluginStatus, pm


class PluginsConfig(AppConfig):
    """Notes every plugin that discovery found, also those that will not load."""

    name = "cloudstack.framework.plugins"
    label = "cloudstack_plugins"

    def ready(self) -> None:
        for manifest in settings.PLUGINS:
            pm.statuses[manifest.name] = PluginStatus(
                manifest.name, manifest.origin, manifest.version, not manifest.error, manifest.error
            )
