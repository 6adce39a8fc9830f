"""A simulated cloud and a tenant who has something of everything."""

from collections.abc import Iterator

import pytest

from tests.support.cloud import SimulatedCloud, build_cloud


@pytest.fixture
def cloud(db: None) -> Iterator[SimulatedCloud]:
    """One cluster, two hosts, a template, a shared network, and an account with keys."""
    yield build_cloud(hosts=2, clusters=1)
