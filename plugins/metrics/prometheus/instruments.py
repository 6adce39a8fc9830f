"""Counts statements of the database and hits of the cache, under the names of django-prometheus.

Its own engines would have to stand in the settings, which know no plugin; and that of the cache needs another client.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created
from django_prometheus.db import metrics

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]

REDIS = "django.core.cache.backends.redis.RedisCache"
COUNTED_REDIS = "plugins.metrics.prometheus.counted_cache.CountedRedisCache"


class Statements:
    """Counts the statements of one connection and takes their time."""

    def __init__(self, alias: str, vendor: str):
        self._alias, self._vendor = alias, vendor
        # Found once: looking a series up by its labels costs as much as counting.
        self._seconds = metrics.query_duration_seconds.labels(alias, vendor)
        self._executed = metrics.execute_total.labels(alias, vendor)
        self._of_many = metrics.execute_many_total.labels(alias, vendor)

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        rows = len(params) if many and hasattr(params, "__len__") else 1
        self._executed.inc(rows)
        if many:
            self._of_many.inc(rows)
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            metrics.errors_total.labels(self._alias, self._vendor, type(error).__name__).inc()
            raise
        finally:
            self._seconds.observe(time.perf_counter() - begun)


def watch(connection: Any, **_: Any) -> None:
    """Count what this connection executes from now on."""
    metrics.connections_total.labels(connection.alias, connection.vendor).inc()
    if not any(isinstance(wrapper, Statements) for wrapper in connection.execute_wrappers):
        # In front: whoever takes his own wrapper away again takes the last one.
        connection.execute_wrappers.insert(0, Statements(connection.alias, connection.vendor))


def install() -> None:
    """Watch the connections that are made from now on, and have the cache counted."""
    connection_created.connect(watch, dispatch_uid="prometheus.instruments")
    for cache in settings.CACHES.values():
        if cache.get("BACKEND") == REDIS:
            cache["BACKEND"] = COUNTED_REDIS
