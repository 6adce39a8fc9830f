"""The AppConfig of a plugin."""

import contextlib
import logging
import time
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

from django.apps import AppConfig
from django.utils.module_loading import module_has_submodule

from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.markers import API_VERSION

log = logging.getLogger(__name__)

SLOW_IMPORT_S = 5.0
"""Whoever imports first pays for what others share."""


class PluginConfig(AppConfig):
    """AppConfig of a plugin: ``label`` names its tables and must never change."""

    default = False
    api_version: ClassVar[int] = 0

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Django looks in apps.py for the one that is meant: this class, which is imported there, is not.
        if "default" not in vars(cls):
            cls.default = True

    @property
    def broken(self) -> bool:
        """Whether some part of the plugin, or of one that it needs, could not be imported."""
        status = pm.statuses.get(self.label)
        return status is not None and not status.enabled

    def import_models(self) -> None:
        """Models that cannot be imported take this plugin out; the tables it has stay as they are."""
        pm.belongs(self.label, self.name)
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
        begun = time.perf_counter()
        try:
            yield
        except (Exception, SystemExit) as error:  # any fault of the plugin's own code
            pm.fail(self.label, f"{part}.py: {type(error).__name__}: {error}")
        if self.broken:
            self.empty()
        if (seconds := time.perf_counter() - begun) > SLOW_IMPORT_S:
            log.warning("plugin %s took %.1f s to import %s.py", self.label, seconds, part)

    def empty(self) -> None:
        """An empty module has no parts, so that nobody looks for more of them."""
        self.module = ModuleType(self.name)

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
