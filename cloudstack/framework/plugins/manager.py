"""The one plugin manager: registers what plugins implement, isolates what fails, remembers why."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy
from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins import hookspecs
from cloudstack.framework.plugins.manifest import Fault, Manifest
from cloudstack.framework.plugins.markers import PROJECT, takes_long
from cloudstack.framework.plugins.measures import SLOW_S, HookMeasures, note_failure
from cloudstack.framework.plugins.pauses import Pauses, Quiet

log = logging.getLogger(__name__)


PLATFORM = "platform"
"""Under this name the platform's own hooks stand; no plugin can have it."""


def _anything(*things: Any) -> None:
    """A check that nothing fails."""


@dataclass
class PluginStatus:
    """What the operator sees of one plugin."""

    name: str
    origin: str = "folder"
    version: str = ""
    enabled: bool = True
    error: str = ""
    hooks: list[str] = field(default_factory=list)
    kinds: tuple[str, ...] = ()
    description: str = ""
    requires: tuple[str, ...] = ()
    """Names of the plugins that it needs."""
    place: str = ""
    """Its folder, or the distribution that brings it."""
    required_settings: tuple[str, ...] = ()
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
        self.pauses = Pauses()
        self._quiet = Quiet()
        self._packages: dict[str, str] = {}
        self._taken: dict[str, list[tuple[Callable[[Any], object], Any]]] = {}
        self._forgetters: list[Callable[[str], object]] = []

    def load_platform(self, module: Any) -> None:
        """Register hooks of the platform itself, which is no plugin: nothing isolates it from itself."""
        if not self.has_plugin(PLATFORM):
            self.register(module, name=PLATFORM)

    def note(self, manifest: Manifest) -> None:
        """Remember a plugin that was found, also one that will not load."""
        status = self.statuses.setdefault(manifest.name, PluginStatus(manifest.name))
        status.origin, status.version, status.kinds = manifest.origin, manifest.version, manifest.kinds
        status.description, status.place = manifest.description, manifest.place
        status.requires = tuple(need.name for need in manifest.requires)
        status.required_settings = manifest.required_settings
        if manifest.error:
            status.enabled, status.error, status.fault = False, manifest.error, manifest.fault

    def belongs(self, name: str, package: str) -> None:
        """The code of plugin ``name`` is in ``package``."""
        self._packages[name] = package

    def owner(self, module: str) -> str:
        """The plugin that ``module`` is a part of; empty for none."""
        return next((name for name, package in self._packages.items() if within(module, package)), "")

    def when_out(self, forget: Callable[[str], object]) -> None:
        """Have ``forget`` called with the package of a plugin that is taken out: what registered itself goes, too."""
        self._forgetters.append(forget)

    def load(self, name: str, module: Any) -> None:
        """Register the hooks of one plugin; a misspelt hook or a wrong argument refuses the whole plugin."""
        if self.has_plugin(name):
            log.error("a second plugin named %s is not loaded; the first one stays", name)
            return
        self._taken.pop(name, None)
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

    def fail(self, name: str, reason: str, *, fault: Fault = Fault.BROKEN) -> None:
        """Take a plugin out of service with all that it gave, and those that need it; the portal runs on without them.

        The first reason is the one that stays.
        """
        status = self.statuses.setdefault(name, PluginStatus(name))
        if not status.enabled:
            return
        log.error("plugin %s is not loaded: %s", name, reason)
        status.enabled, status.error, status.fault = False, reason, fault
        status.hooks = []
        if self.has_plugin(name):
            self.unregister(name=name)
        for drop, thing in reversed(self._taken.pop(name, [])):
            drop(thing)
        for forget in self._forgetters:
            forget(self._packages.get(name, ""))
        for other in list(self.statuses.values()):
            if other.enabled and name in other.requires:
                self.fail(other.name, f"needs plugin {name}, which is {fault}: {reason}", fault=Fault.UNUSABLE)

    def merged(self, hook: str, check: Callable[[Any, Any], object] = _anything) -> dict[Any, Any]:
        """Join the dictionaries that plugins return from ``hook``; a doubled key takes the later plugin out.

        ``check`` gets each key and value, and raises ``ImproperlyConfigured`` when they will not do.
        """
        return {key: value for key, (_, value) in self.merged_by(hook, check).items()}

    def merged_by(self, hook: str, check: Callable[[Any, Any], object] = _anything) -> dict[Any, tuple[str, Any]]:
        """As ``merged``, each value with the plugin that gives it."""
        result: dict[Any, tuple[str, Any]] = {}
        for impl in self._implementations(hook):
            try:
                part: dict[Any, Any] = dict(self._call(impl, hook) or {})
                for key, value in part.items():
                    check(key, value)
                doubled = [key for key in part if key in result]
                if doubled:
                    raise ImproperlyConfigured(f"{hook}: {doubled[0]!r} is already given by {result[doubled[0]][0]}")
            except Exception as error:  # a plugin's fault must not take the portal down
                self.fail(impl.plugin_name, _reason(hook, error))
                continue
            result.update({key: (impl.plugin_name, value) for key, value in part.items()})
        return result

    def listed(self, hook: str, check: Callable[[Any], object] = _anything) -> list[Any]:
        """Join the lists that plugins return from ``hook``; one that fails is taken out.

        ``check`` gets each thing, and raises ``ImproperlyConfigured`` when it will not do.
        """
        return [thing for _, thing in self.listed_by(hook, check)]

    def listed_by(self, hook: str, check: Callable[[Any], object] = _anything) -> list[tuple[str, Any]]:
        """As ``listed``, each with the plugin that gives it."""
        result: list[tuple[str, Any]] = []
        for impl in self._implementations(hook):
            try:
                things = list(self._call(impl, hook) or ())
                for thing in things:
                    check(thing)
            except Exception as error:
                self.fail(impl.plugin_name, _reason(hook, error))
                continue
            result.extend((impl.plugin_name, thing) for thing in things)
        return result

    def take(self, hook: str, add: Callable[[str, Any], None], drop: Callable[[Any], object]) -> None:
        """Give each thing that plugins return from ``hook`` to ``add``, with the plugin's name.

        When that raises the plugin is taken out. What it gave goes to ``drop`` then, and whenever it fails later.
        """
        for impl in self._implementations(hook):
            taken = self._taken.setdefault(impl.plugin_name, [])
            try:
                for thing in list(self._call(impl, hook) or ()):
                    add(impl.plugin_name, thing)
                    taken.append((drop, thing))
            except Exception as error:
                self.fail(impl.plugin_name, _reason(hook, error))

    def tell(self, hook: str, **facts: Any) -> None:
        """Call ``hook`` of every plugin; the failure of one reaches neither the others nor who tells."""
        for impl in self._implementations(hook):
            try:
                self._call(impl, hook, facts, pausable=True)
            except Exception as error:
                self._complain(impl.plugin_name, hook, error)

    def first(self, hook: str, **facts: Any) -> Any:
        """The first answer of a plugin that is not None; one that fails has no opinion."""
        for impl in reversed(self._implementations(hook)):
            try:
                answer = self._call(impl, hook, facts, pausable=True)
            except Exception as error:
                self._complain(impl.plugin_name, hook, error)
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

    def guarded(self, plugin: str, hook: str, function: Callable[[], Any], default: Any = None) -> Any:
        """Call what ``plugin`` has given by ``hook``; ``default`` when it fails, or is paused for being slow."""
        if not self.pauses.free(plugin, hook):
            self.measures.skip(plugin, hook)
            return default
        try:
            return self._timed(plugin, hook, function, pausable=True)
        except Exception as error:
            self._complain(plugin, hook, error)
            return default

    def strict(self, plugin: str, hook: str, function: Callable[[], Any]) -> Any:
        """Call what ``plugin`` has given by ``hook``, whose answer is needed: a failure is noted and raised."""
        try:
            return self._timed(plugin, hook, function)
        except Exception as error:
            self._complain(plugin, hook, error)
            raise

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

    def _call(
        self, impl: pluggy.HookImpl, hook: str, facts: Mapping[str, Any] | None = None, *, pausable: bool = False
    ) -> Any:
        """Call one implementation with what it wants of ``facts``; its time and its failure are kept.

        ``pausable``: nothing depends on the answer, so that None will do while the plugin is too slow in this hook.
        """
        plugin = impl.plugin_name
        if pausable and not self.pauses.free(plugin, hook):
            self.measures.skip(plugin, hook)
            return None
        wanted = {name: facts[name] for name in impl.argnames} if facts is not None else {}
        return self._timed(plugin, hook, lambda: impl.function(**wanted), pausable=pausable)

    def _timed(self, plugin: str, hook: str, function: Callable[[], Any], *, pausable: bool = False) -> Any:
        begun, failed = time.perf_counter(), True
        self.pauses.begin(plugin, hook, begun)
        try:
            answer = function()
            failed = False
            return answer
        except SystemExit as error:
            note_failure(plugin, hook, error)
            raise RuntimeError("it wanted to end the process") from error
        except Exception as error:
            note_failure(plugin, hook, error)
            raise
        finally:
            seconds = time.perf_counter() - begun
            self.pauses.end(plugin, hook, begun)
            self.measures.add(plugin, hook, seconds, failed=failed)
            if seconds > SLOW_S and not takes_long(getattr(self.hook, hook).spec.function):
                self._name_slow(plugin, hook, seconds, pausable=pausable)

    def _name_slow(self, plugin: str, hook: str, seconds: float, *, pausable: bool) -> None:
        pause_s = self.pauses.strike(plugin, hook, seconds) if pausable else 0.0
        if pause_s:
            text = f"it took {seconds:.1f} s, and is not called for {pause_s:.0f} s"
            note_failure(plugin, hook, TimeoutError(text))
            log.error("plugin %s is too slow in %s: %s", plugin, hook, text)
        elif (kept_back := self._quiet.due(("slow", plugin, hook))) is not None:
            log.warning("plugin %s took %.1f s in %s%s", plugin, seconds, hook, _more(kept_back))

    def _complain(self, plugin: str, hook: str, error: Exception) -> None:
        """Into the log, once a minute for each hook of a plugin."""
        kept_back = self._quiet.due(("failed", plugin, hook))
        if kept_back is not None:
            log.error("plugin %s failed in %s%s", plugin, hook, _more(kept_back), exc_info=error)

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


def within(module: str, package: str) -> bool:
    """Whether ``module`` belongs to ``package``; nothing belongs to an empty one."""
    return bool(package) and (module == package or module.startswith(f"{package}."))


def _more(kept_back: int) -> str:
    return f" ({kept_back} times more since this was said last)" if kept_back else ""


def _reason(hook: str, error: Exception) -> str:
    words = str(error) if isinstance(error, ImproperlyConfigured) else f"{type(error).__name__}: {error}"
    return words if hook in words else f"{hook}: {words}"


pm = CloudPluginManager()
