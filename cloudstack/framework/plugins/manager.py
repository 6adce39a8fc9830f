"""The one plugin manager: registers what plugins implement, isolates what fails, remembers why."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy
from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins import hookspecs
from cloudstack.framework.plugins.loader import Fault
from cloudstack.framework.plugins.markers import PROJECT
from cloudstack.framework.plugins.measures import HookMeasures, note_failure

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
    kind: str = ""
    description: str = ""
    requires: tuple[str, ...] = ()
    fault: Fault = Fault.BROKEN
    """What ``error`` means."""

    @property
    def state(self) -> str:
        """``enabled``, ``disabled``, ``not usable`` or ``broken``."""
        return "enabled" if self.enabled else str(self.fault)


class CloudPluginManager(pluggy.PluginManager):
    """pluggy's manager plus a list of what is loaded, disabled or broken."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        for module in hookspecs.ALL:
            self.add_hookspecs(module)
        self.statuses: dict[str, PluginStatus] = {}
        self.measures = HookMeasures()

    def load(self, name: str, module: Any) -> None:
        """Register the hooks of one plugin; a misspelt hook or a wrong argument refuses the whole plugin."""
        if self.has_plugin(name):
            log.error("a second plugin named %s is not loaded; the first one stays", name)
            return
        try:
            self.register(module, name=name)
            for caller in self.get_hookcallers(module) or ():
                own = [impl for impl in caller.get_hookimpls() if impl.plugin is module]
                if caller.spec is None and not all(impl.optionalhook for impl in own):
                    raise ImproperlyConfigured(
                        f"there is no hook {caller.name}; the hooks are {', '.join(self._specified())}"
                    )
                if any(impl.wrapper or impl.hookwrapper for impl in own):
                    raise ImproperlyConfigured(f"{caller.name} is a wrapper; hooks are plain functions here")
        except (pluggy.PluginValidationError, ImproperlyConfigured, ValueError) as error:
            self.fail(name, str(error))
            return
        status = self.statuses.setdefault(name, PluginStatus(name))
        status.hooks = sorted(caller.name for caller in self.get_hookcallers(module) or ())

    def _specified(self) -> list[str]:
        return sorted(name for name, caller in vars(self.hook).items() if caller.spec is not None)

    def in_service(self, name: str) -> bool:
        """Whether there is a plugin ``name`` that has not failed or been disabled."""
        status = self.statuses.get(name)
        return status is not None and status.enabled

    def fail(self, name: str, reason: str) -> None:
        """Take a plugin out of service and say why; the portal runs on without it."""
        log.error("plugin %s is not loaded: %s", name, reason)
        status = self.statuses.setdefault(name, PluginStatus(name))
        status.enabled, status.error, status.fault = False, reason, Fault.BROKEN
        status.hooks = []
        if self.has_plugin(name):
            self.unregister(name=name)

    def merged(self, hook: str) -> dict[Any, Any]:
        """Join the dictionaries that plugins return from ``hook``; a doubled key takes the later plugin out."""
        result: dict[Any, Any] = {}
        owners: dict[Any, str] = {}
        for impl in self._implementations(hook):
            try:
                part: dict[Any, Any] = dict(self._call(impl, hook) or {})
                doubled = [key for key in part if key in result]
                if doubled:
                    raise ImproperlyConfigured(f"{hook}: {doubled[0]!r} is already given by {owners[doubled[0]]}")
            except Exception as error:  # a plugin's fault must not take the portal down
                self.fail(impl.plugin_name, _reason(error))
                continue
            result.update(part)
            owners.update(dict.fromkeys(part, impl.plugin_name))
        return result

    def listed(self, hook: str) -> list[Any]:
        """Join the lists that plugins return from ``hook``; one that fails is taken out."""
        result: list[Any] = []
        for impl in self._implementations(hook):
            try:
                result.extend(list(self._call(impl, hook) or ()))
            except Exception as error:
                self.fail(impl.plugin_name, _reason(error))
        return result

    def take(self, hook: str, add: Callable[[str, Any], None], drop: Callable[[Any], object]) -> None:
        """Give each thing that plugins return from ``hook`` to ``add``, with the plugin's name.

        When that raises the plugin is taken out, and what it gave before goes to ``drop``.
        """
        for impl in self._implementations(hook):
            added = []
            try:
                for thing in list(self._call(impl, hook) or ()):
                    add(impl.plugin_name, thing)
                    added.append(thing)
            except Exception as error:
                for thing in added:
                    drop(thing)
                self.fail(impl.plugin_name, _reason(error))

    def tell(self, hook: str, **facts: Any) -> None:
        """Call ``hook`` of every plugin; the failure of one reaches neither the others nor who tells."""
        for impl in self._implementations(hook):
            try:
                self._call(impl, hook, facts)
            except Exception:
                log.exception("plugin %s failed in %s", impl.plugin_name, hook)

    def first(self, hook: str, **facts: Any) -> Any:
        """The first answer of a plugin that is not None; one that fails has no opinion."""
        for impl in reversed(self._implementations(hook)):
            try:
                answer = self._call(impl, hook, facts)
            except Exception:
                log.exception("plugin %s failed in %s", impl.plugin_name, hook)
                continue
            if answer is not None:
                return answer
        return None

    def answers(self, hook: str, **facts: Any) -> list[Any]:
        """What plugins return that is not None. A failure reaches who asks: he needs the work that it was to do."""
        found = []
        for impl in self._implementations(hook):
            answer = self._call(impl, hook, facts)
            if answer is not None:
                found.append(answer)
        return found

    def given(self, name: str) -> dict[str, frozenset[Any]]:
        """What a plugin in service registers, by hook: keys of dictionaries, names of other things."""
        found = {}
        for hook in self.statuses[name].hooks if self.in_service(name) else ():
            if not hook.startswith("register_"):
                continue
            for impl in self._implementations(hook):
                if impl.plugin_name == name:
                    found[hook] = _names_in(impl)
        return found

    def _call(self, impl: pluggy.HookImpl, hook: str, facts: Mapping[str, Any] | None = None) -> Any:
        """Call one implementation with what it wants of ``facts``; its time and its failure are kept."""
        begun, failed = time.perf_counter(), True
        try:
            answer = impl.function(**{name: facts[name] for name in impl.argnames} if facts is not None else {})
            failed = False
            return answer
        except Exception as error:
            note_failure(impl.plugin_name, hook, error)
            raise
        finally:
            self.measures.add(impl.plugin_name, hook, time.perf_counter() - begun, failed=failed)

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        caller: pluggy.HookCaller = getattr(self.hook, hook)
        return list(caller.get_hookimpls())


def _names_in(impl: pluggy.HookImpl) -> frozenset[Any]:
    """What a hook that registers gives, by name; nothing when it fails, which it did not do at start."""
    try:
        answer: Any = impl.function() or ()
        if isinstance(answer, Mapping):
            return frozenset(answer)
        return frozenset(
            str(getattr(one, "name", "") or getattr(one, "__name__", "") or type(one).__name__) for one in answer
        )
    except Exception:
        log.exception("plugin %s failed when it was asked what it registers", impl.plugin_name)
        return frozenset()


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ImproperlyConfigured) else f"{type(error).__name__}: {error}"


pm = CloudPluginManager()
