"""The AppConfig of a plugin."""

from importlib import import_module
from typing import ClassVar

from django.apps import AppConfig
from django.utils.module_loading import module_has_submodule

from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.markers import API_VERSION


class PluginConfig(AppConfig):
    """AppConfig of a plugin: ``label`` names its tables and must never change."""

    api_version: ClassVar[int] = 0

    def ready(self) -> None:
        """Register the plugin's hooks; whatever goes wrong takes this plugin out and leaves the portal up."""
        if self.api_version != API_VERSION:
            pm.fail(self.label, f"made for plugin interface {self.api_version}; this portal has {API_VERSION}")
            return
        if not module_has_submodule(self.module, "hooks"):
            pm.fail(self.label, "has no hooks.py")
            return
        try:
            hooks = import_module(f"{self.name}.hooks")
        except Exception as error:  # any fault of the plugin's own code
            pm.fail(self.label, f"{type(error).__name__}: {error}")
            return
        pm.load(self.label, hooks)
