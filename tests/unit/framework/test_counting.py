"""Counters that all processes share, on a real Redis server."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches

from cloudstack.framework import counting
from cloudstack.runtime.redis_urls import cache_url


@pytest.fixture
def redis_cache(private_valkey_url: str, settings, monkeypatch):
    settings.CACHES = {
        **settings.CACHES,
        "real": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": cache_url(private_valkey_url),
        },
    }
    cache = caches["real"]
    cache.clear()
    monkeypatch.setattr(counting, "cache", cache)
    yield cache
    cache.clear()


def test_none_is_lost_when_many_count_at_once(redis_cache) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: counting.add("calls", 3600)[0], range(200)))
    assert sorted(numbers) == list(range(1, 201))
    assert counting.so_far("calls", 3600)[0] == 200
    counting.forget("calls", length_s=3600)
    assert counting.add("calls", 3600)[0] == 1


def test_counters_end(redis_cache) -> None:
    counting.add("calls", 10)
    key = counting.window("calls", 10).key
    client = redis_cache._cache.get_client()
    assert 0 < client.ttl(redis_cache.make_key(key)) <= 20
