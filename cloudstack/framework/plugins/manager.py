"""The one plugin manager: registers what plugins implement, isolates what fails, remembers why."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pluggy
from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins import hookspecs
from cloudstack.framework.plugins.markers import PROJECT

log = logging.getLogger(__name__)


@dataclass
class PluginStatus:
    """What the operator sees of one plugin."""

    name: str
    origin: str = "folder"
    version: str = ""
    enabled: bool = True
    error: str = ""
    hooks: list[str] = field(default_factory=list)


class CloudPluginManager(pluggy.PluginManager):
    """pluggy's manager plus a list of what is loaded, disabled or broken."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        for module in hookspecs.ALL:
            self.add_hookspecs(module)
        self.statuses: dict[str, PluginStatus] = {}

    def load(self, name: str, module: Any) -> None:
        """Register the hooks of one plugin; a misspelt hook or a wrong argument refuses the whole plugin."""
        try:
            self.register(module, name=name)
            known = set(vars(self.hook))
            for caller in self.get_hookcallers(module) or ():
                if caller.spec is None and not all(i.optionalhook for i in caller.get_hookimpls()):
                    raise ImproperlyConfigured(
                        f"plugin {name}: there is no hook {caller.name}; the hooks are "
                        + ", ".join(sorted(h for h in known if getattr(self.hook, h).spec is not None))
                    )
        except (pluggy.PluginValidationError, ImproperlyConfigured, ValueError) as error:
            if self.has_plugin(name):
                self.unregister(name=name)
            self.fail(name, str(error))
            return
        status = self.statuses.setdefault(name, PluginStatus(name))
        status.hooks = sorted(caller.name for caller in self.get_hookcallers(module) or ())

    def fail(self, name: str, reason: str) -> None:
        """Take a plugin out of service and say why; the portal runs on without it."""
        log.error("plugin %s is not loaded: %s", name, reason)
        status = self.statuses.setdefault(name, PluginStatus(name))
        status.enabled, status.error = False, reason
        if self.has_plugin(name):
            self.unregister(name=name)

    def merged(self, hook: str) -> dict[Any, Any]:
        """Join the dictionaries that plugins return from ``hook``; a doubled key takes the later plugin out."""
        result: dict[Any, Any] = {}
        owners: dict[Any, str] = {}
        for impl in list(getattr(self.hook, hook).get_hookimpls()):
            try:
                part = impl.function()
                doubled = [key for key in part if key in result]
                if doubled:
                    raise ImproperlyConfigured(f"{hook}: {doubled[0]!r} is already given by {owners[doubled[0]]}")
            except Exception as error:  # a plugin's fault must not take the portal down
                self.fail(impl.plugin_name, f"{type(error).__name__}: {error}")
                continue
            result.update(part)
            owners.update(dict.fromkeys(part, impl.plugin_name))
        return result

    def listed(self, hook: str) -> list[Any]:
        """Join the lists that plugins return from ``hook``; one that fails is taken out."""
        result: list[Any] = []
        for impl in list(getattr(self.hook, hook).get_hookimpls()):
            try:
                part: Iterable[Any] = impl.function() or ()
                result.extend(part)
            except Exception as error:
                self.fail(impl.plugin_name, f"{type(error).__name__}: {error}")
        return result


pm = CloudPluginManager()
