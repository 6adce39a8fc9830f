"""What hooks cost and when they failed. Calls are counted in each process; failures are seen by all."""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cloudstack.framework.metrics import Counter, register

log = logging.getLogger(__name__)

_LABELS = ("plugin", "hook")
CALLS = Counter("cloudstack_plugin_hook_calls_total", "Calls of hooks of plugins.", _LABELS, most=2000)
FAILURES = Counter(
    "cloudstack_plugin_hook_failures_total", "Calls of hooks of plugins that raised an error.", _LABELS, most=2000
)
SECONDS = Counter(
    "cloudstack_plugin_hook_seconds_total", "Time that hooks of plugins took.", _LABELS, most=2000, resolution=1e-6
)
register(CALLS, FAILURES, SECONDS)

KEPT_FAILURES = 5
KEPT_S = 7 * 86_400
SLOW_S = 1.0
"""A hook that takes longer is named in the log, unless its specification says that it may."""
_MOST_LETTERS = 300


@dataclass
class HookCalls:
    """Calls of one hook of one plugin in this process."""

    calls: int = 0
    seconds: float = 0.0
    failures: int = 0
    slow: int = 0
    """Calls that took longer than ``SLOW_S``."""
    longest_s: float = 0.0
    skipped: int = 0
    """Calls that were not made, because the hook of this plugin was paused."""


@dataclass(frozen=True)
class Failure:
    """One failure of a hook; ``moment`` is in UTC."""

    hook: str
    error: str
    moment: datetime


@dataclass
class HookMeasures:
    """Counts by plugin and hook."""

    since: float = field(default_factory=time.time)
    _found: dict[tuple[str, str], HookCalls] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, plugin: str, hook: str, seconds: float, *, failed: bool) -> None:
        """One call; costs a few microseconds at most."""
        with self._lock:
            calls = self._counted(plugin, hook)
            calls.calls += 1
            calls.seconds += seconds
            calls.failures += failed
            calls.slow += seconds > SLOW_S
            calls.longest_s = max(calls.longest_s, seconds)
        CALLS.add(plugin=plugin, hook=hook)
        SECONDS.add(seconds, plugin=plugin, hook=hook)
        if failed:
            FAILURES.add(plugin=plugin, hook=hook)

    def skip(self, plugin: str, hook: str) -> None:
        """One call that was not made."""
        with self._lock:
            self._counted(plugin, hook).skipped += 1

    def _counted(self, plugin: str, hook: str) -> HookCalls:
        return self._found.setdefault((plugin, hook), HookCalls())

    def all(self) -> dict[tuple[str, str], HookCalls]:
        """A copy of the counts, by plugin and hook."""
        with self._lock:
            return {key: replace(calls) for key, calls in self._found.items()}

    def of(self, plugin: str, hook: str) -> HookCalls:
        return self._found.get((plugin, hook), HookCalls())


def note_failure(plugin: str, hook: str, error: BaseException) -> None:
    """Keep it where the pages of all processes find it; whether that works must not matter to who called the hook."""
    try:
        from django.core.cache import cache

        text = f"{type(error).__name__}: {error}"[:_MOST_LETTERS]
        kept = [Failure(hook, text, datetime.now(UTC)), *(cache.get(_key(plugin)) or [])][:KEPT_FAILURES]
        cache.set(_key(plugin), kept, KEPT_S)
    except Exception:  # no cache, or none that answers
        log.debug("a failure of plugin %s was not kept", plugin, exc_info=True)


def failures_of(plugins: Iterable[str]) -> dict[str, list[Failure]]:
    """The newest failures of each plugin in all processes; one question to the cache."""
    return _many({_key(name): name for name in plugins})


def _many(keys: dict[str, str]) -> dict[str, Any]:
    from django.core.cache import cache

    try:
        return {keys[key]: value for key, value in cache.get_many(keys).items()}
    except Exception:
        log.warning("the cache does not answer: nothing is known of plugins' failures", exc_info=True)
        return {}


def _key(plugin: str) -> str:
    return f"plugins.failures.{plugin}"
