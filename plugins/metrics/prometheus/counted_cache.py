"""Django's cache in Redis, with its hits and misses counted as django-prometheus counts them."""

from collections.abc import Iterable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from django_prometheus.cache import metrics

_MISSING = object()
_asked = metrics.django_cache_get_total.labels(backend="redis")
_hits = metrics.django_cache_hits_total.labels(backend="redis")
_misses = metrics.django_cache_misses_total.labels(backend="redis")
_failures = metrics.django_cache_get_fail_total.labels(backend="redis")


class CountedRedisCache(RedisCache):
    """The same cache: each key that is asked for is a hit, a miss, or of a question that failed."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        _asked.inc()
        try:
            found = super().get(key, _MISSING, version)
        except Exception:
            _failures.inc()
            raise
        (_misses if found is _MISSING else _hits).inc()
        return default if found is _MISSING else found

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        wanted = list(keys)
        _asked.inc(len(wanted))
        try:
            found: dict[Any, Any] = super().get_many(wanted, version)
        except Exception:
            _failures.inc(len(wanted))
            raise
        _hits.inc(len(found))
        _misses.inc(len(wanted) - len(found))
        return found
