"""A simulated cloud with one running machine."""

from collections.abc import Iterator

import pytest

from apps.compute.models import VirtualMachine
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud


@pytest.fixture
def cloud(db: None) -> Iterator[SimulatedCloud]:
    yield build_cloud()


@pytest.fixture
def vm(cloud: SimulatedCloud) -> VirtualMachine:
    uuid = cloud.deploy()["id"]
    run_jobs()
    found = VirtualMachine.objects.get(uuid=uuid)
    assert found.state == "Running"
    return found
