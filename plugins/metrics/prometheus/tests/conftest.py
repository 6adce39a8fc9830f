"""A small cloud, and who asks for its figures."""

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from cloudstack.testing.settings import forget_settings
from plugins.metrics.prometheus import sampling
from plugins.metrics.prometheus.tests.reading import TOKEN, Figures
from tests.support.cloud import SimulatedCloud, build_cloud

Setting = Callable[[str, Any], None]


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """No figures of another test."""
    cache.clear()
    forget_settings()
    yield
    cache.clear()
    forget_settings()


@pytest.fixture
def cloud(db: None) -> SimulatedCloud:
    return build_cloud(hosts=2, clusters=1)


@pytest.fixture
def setting(cloud: SimulatedCloud) -> Setting:
    """Change a setting as an operator does."""

    def change(name: str, value: Any) -> None:
        cloud.admin.call("updateConfiguration", name=name, value=value)

    return change


@pytest.fixture
def scrape(setting: Setting) -> Callable[[], Figures]:
    """Read all collectors, then ask as Prometheus does: with the token, packed."""
    setting("prometheus.exporter.token", TOKEN)

    def ask(*, sampled: bool = True) -> Figures:
        if sampled:
            for collector in sampling.collectors():
                sampling.read(collector)
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "gzip"}
        answer = Client().get("/metrics/cloud", headers=headers)
        assert answer.status_code == 200 and answer["Content-Encoding"] == "gzip"
        return Figures(gzip.decompress(answer.getvalue()).decode())

    return ask
