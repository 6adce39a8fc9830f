"""A simulated cloud of one zone, and what must hold in it whenever no job is under way."""

from collections.abc import Iterator

import pytest

from tests.support.cloud import SimulatedCloud, build_cloud


@pytest.fixture
def cloud(db: None) -> Iterator[SimulatedCloud]:
    """Two clusters, four hosts, a template, a shared network, and an account with keys."""
    yield build_cloud()
