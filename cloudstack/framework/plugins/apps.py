"""The Django app of the plugin system. It stands before the admin in ``INSTALLED_APPS``."""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks

from cloudstack.framework.plugins.config import PluginConfig
from cloudstack.framework.plugins.manager import pm, within
from cloudstack.framework.plugins.manifest import Fault


class PluginsConfig(AppConfig):
    """Notes every plugin that discovery found, also those that will not load."""

    name = "cloudstack.framework.plugins"
    label = "cloudstack_plugins"

    def import_models(self) -> None:
        """Done before all others: what is known of plugins must be there when their models are imported."""
        for manifest in settings.PLUGINS:
            pm.note(manifest)
        super().import_models()

    def ready(self) -> None:
        pm.when_out(_hide_pages)
        for config in apps.get_app_configs():
            if isinstance(config, PluginConfig) and not config.broken:
                config.import_admin()
        for config in apps.get_app_configs():
            if isinstance(config, PluginConfig) and config.broken:
                config.empty()


def _hide_pages(package: str) -> None:
    """Take the admin pages of a plugin away that is out of service."""
    from django.contrib import admin

    pages = admin.site._registry.items()
    own = [
        model for model, page in pages if within(model.__module__, package) or within(type(page).__module__, package)
    ]
    if own:
        admin.site.unregister(own)


@checks.register
def plugins_out_of_service(**_: Any) -> list[checks.CheckMessage]:
    """``manage.py check`` names each plugin that is not in service, and why."""
    return [
        checks.Info(
            f"plugin {status.name} is not loaded: {status.error}",
            hint="Enable it on the admin's page of plugins when it is wanted again.",
            id="cloudstack.I001",
        )
        if status.fault is Fault.DISABLED
        else checks.Warning(
            f"plugin {status.name} is not loaded: {status.error}",
            hint="Mend or remove it, or disable it on the admin's page of plugins.",
            id="cloudstack.W001",
        )
        for status in pm.statuses.values()
        if not status.enabled
    ]
