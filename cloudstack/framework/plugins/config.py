"""The AppConfig of a plugin."""

import contextlib
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import ClassVar

from django.apps import AppConfig
from django.utils.module_loading import module_has_submodule

from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.markers import API_VERSION


class PluginConfig(AppConfig):
    """AppConfig of a plugin: ``label`` names its tables and must never change."""

    api_version: ClassVar[int] = 0

    broken = False
    """Some part of the plugin could not be imported."""

    def import_models(self) -> None:
        """Models that cannot be imported take this plugin out; the tables it has stay as they are."""
        with self.isolated("models"):
            super().import_models()

    def import_admin(self) -> None:
        """Ahead of Django's own search, which would take the portal down with a broken ``admin.py``."""
        with self.isolated("admin"):
            if module_has_submodule(self.module, "admin"):
                import_module(f"{self.name}.admin")

    @contextlib.contextmanager
    def isolated(self, part: str) -> Iterator[None]:
        """Whatever goes wrong inside takes this plugin out and leaves the portal up."""
        try:
            yield
        except Exception as error:  # any fault of the plugin's own code
            self.broken = True
            # An empty module has no parts, so that nobody looks for more of them.
            self.module = ModuleType(self.name)
            pm.fail(self.label, f"{part}.py: {type(error).__name__}: {error}")

    def ready(self) -> None:
        """Register the plugin's hooks; whatever goes wrong takes this plugin out and leaves the portal up."""
        if self.broken:
            return
        if self.api_version != API_VERSION:
            pm.fail(self.label, f"made for plugin interface {self.api_version}; this portal has {API_VERSION}")
            return
        if not module_has_submodule(self.module, "hooks"):
            pm.fail(self.label, "has no hooks.py")
            return
        with self.isolated("hooks"):
            pm.load(self.label, import_module(f"{self.name}.hooks"))
