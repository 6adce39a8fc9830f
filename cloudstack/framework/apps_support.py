"""AppConfig of a domain app: one shape for all, so that ``ready`` needs no code of its own."""

import pkgutil
from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import module_has_submodule

PARTS = ("config", "events", "scheduled", "metrics", "workflows", "api.entities", "api.commands", "web.sections")


class CloudAppConfig(AppConfig):
    """Imports the declarations of the app: settings, events, scheduled jobs, workflows, entities, commands."""

    def ready(self) -> None:
        for part in PARTS:
            self._import(part)

    def _import(self, part: str) -> None:
        package, _, leaf = f"{self.name}.{part}".rpartition(".")
        try:
            parent = import_module(package)
        except ModuleNotFoundError as error:
            if error.name == package:
                return
            raise
        if not module_has_submodule(parent, leaf):
            return
        module = import_module(f"{package}.{leaf}")
        for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
            import_module(f"{module.__name__}.{info.name}")
