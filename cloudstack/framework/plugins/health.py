"""Plugins are asked how they are: by a worker, never by who looks at a page."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.manifest import Fault
from cloudstack.framework.plugins.required import missing_settings
from cloudstack.framework.scheduler import scheduled

log = logging.getLogger(__name__)

EVERY_S = 300
KEPT_S = 4 * EVERY_S
"""An older answer is none."""
_MOST_LETTERS = 500


@dataclass(frozen=True)
class HealthCheck:
    """``function`` answers None or an empty text when all is well, else what is not, in a sentence."""

    name: str
    function: Callable[[], str | None]


@dataclass(frozen=True)
class HealthReport:
    """What a check answered. ``moment`` is in UTC."""

    name: str
    problem: str
    moment: datetime
    seconds: float


_checks: dict[str, list[HealthCheck]] = {}


def register_plugin_health_checks() -> None:
    """Take in what plugins return from ``register_health_checks``."""
    _checks.clear()
    pm.take("register_health_checks", _register_of_plugin, lambda check: None)


def _register_of_plugin(plugin: str, check: Any) -> None:
    if not isinstance(check, HealthCheck):
        raise ImproperlyConfigured(f"register_health_checks: {check!r} is no HealthCheck")
    _checks.setdefault(plugin, []).append(check)


def checks_of(plugin: str) -> list[HealthCheck]:
    return _checks.get(plugin, []) if pm.in_service(plugin) else []


@scheduled("plugins.health", every_s=EVERY_S)
def ask_all() -> int:
    """Ask every plugin how it is; answers how many checks found something wrong."""
    wrong = 0
    for plugin, status in list(pm.statuses.items()):
        reports = [_asked(plugin, check) for check in checks_of(plugin)]
        if missing := missing_settings(plugin):
            reports.append(_told("settings", f"these need a value: {', '.join(missing)}"))
        if not status.enabled and status.fault is not Fault.DISABLED:
            reports.append(_told("loading", status.error))
        if not reports:
            continue
        cache.set(_key(plugin), reports, KEPT_S)
        wrong += sum(bool(report.problem) for report in reports)
    return wrong


def _told(name: str, problem: str) -> HealthReport:
    return HealthReport(name, problem[:_MOST_LETTERS], datetime.now(UTC), 0.0)


def _asked(plugin: str, check: HealthCheck) -> HealthReport:
    begun = time.perf_counter()
    try:
        problem = str(check.function() or "")
    except Exception as error:  # a plugin's fault is an answer, too
        log.exception("the health check %s of plugin %s failed", check.name, plugin)
        problem = f"the check itself failed: {type(error).__name__}: {error}"
    return HealthReport(check.name, problem[:_MOST_LETTERS], datetime.now(UTC), time.perf_counter() - begun)


def reports_of(plugins: Iterable[str]) -> dict[str, list[HealthReport]]:
    """The last answers of each plugin; one question to the cache."""
    keys = {_key(name): name for name in plugins}
    try:
        return {keys[key]: reports for key, reports in cache.get_many(keys).items()}
    except Exception:
        log.warning("the cache does not answer: nothing is known of plugins' health", exc_info=True)
        return {}


def _key(plugin: str) -> str:
    return f"plugins.health.{plugin}"
