"""One REDIS_URL, the dialect of each library."""

import pytest

from cloudstack.runtime.redis_urls import broker_url, cache_url, socket_url


@pytest.mark.parametrize(
    ("given", "broker", "cache"),
    [
        ("unix:///run/v.sock", "redis+socket:///run/v.sock?virtual_host=0", "unix:///run/v.sock?db=1"),
        ("unix:///run/v.sock?db=4", "redis+socket:///run/v.sock?virtual_host=4", "unix:///run/v.sock?db=1"),
        (
            "redis+socket:///run/v.sock?virtual_host=3",
            "redis+socket:///run/v.sock?virtual_host=3",
            "unix:///run/v.sock?db=1",
        ),
        ("redis://cache.example:6380", "redis://cache.example:6380/0", "redis://cache.example:6380/1"),
        ("redis://:pw@cache.example/5", "redis://:pw@cache.example/5", "redis://:pw@cache.example/1"),
        ("rediss://cache.example/0?ssl_cert_reqs=required",) * 2 + ("rediss://cache.example/1?ssl_cert_reqs=required",),
        (
            "rediss://cache.example",
            "rediss://cache.example/0?ssl_cert_reqs=required",
            "rediss://cache.example/1?ssl_cert_reqs=required",
        ),
        ("rediss://cache.example/0?ssl_cert_reqs=none",) * 2 + ("rediss://cache.example/1?ssl_cert_reqs=none",),
    ],
)
def test_broker_and_cache(given: str, broker: str, cache: str) -> None:
    assert broker_url(given) == broker
    assert cache_url(given) == cache


def test_both_libraries_reach_the_private_server(private_valkey_url: str) -> None:
    import redis
    from kombu import Connection

    with redis.Redis.from_url(cache_url(private_valkey_url)) as client:
        assert client.ping()
    with Connection(broker_url(private_valkey_url)) as connection:
        connection.ensure_connection(max_retries=1)


def test_a_socket_path_becomes_a_url() -> None:
    assert socket_url("/run/x.sock") == "unix:///run/x.sock"
