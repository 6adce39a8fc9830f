"""The Django app of the plugin system. It stands before the admin in ``INSTALLED_APPS``."""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks

from cloudstack.framework.plugins.config import PluginConfig
from cloudstack.framework.plugins.manager import PluginStatus, pm


class PluginsConfig(AppConfig):
    """Notes every plugin that discovery found, also those that will not load."""

    name = "cloudstack.framework.plugins"
    label = "cloudstack_plugins"

    def ready(self) -> None:
        for manifest in settings.PLUGINS:
            status = pm.statuses.setdefault(manifest.name, PluginStatus(manifest.name))
            status.origin, status.version, status.kind = manifest.origin, manifest.version, manifest.kind
            status.description, status.requires = manifest.description, manifest.requires
            if manifest.error:
                status.enabled, status.error, status.fault = False, manifest.error, manifest.fault
        for config in apps.get_app_configs():
            if isinstance(config, PluginConfig) and not config.broken:
                config.import_admin()


@checks.register
def plugins_out_of_service(**_: Any) -> list[checks.CheckMessage]:
    """``manage.py check`` names each plugin that is not in service, and why."""
    return [
        checks.Info(
            f"plugin {status.name} is not loaded: {status.error}",
            hint="Mend or remove it, or disable it on the admin's page of plugins.",
            id="cloudstack.I001",
        )
        for status in pm.statuses.values()
        if not status.enabled
    ]
