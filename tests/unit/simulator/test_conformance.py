"""The simulator keeps the same promises as a real hypervisor: the conformance suites run against it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, VmSpec
from cloudstack.contracts.storage import ImageStoreRef, TemplateSpec
from cloudstack.testing.agent import HostAgentConformance
from cloudstack.testing.hypervisor import HypervisorConformance
from cloudstack.testing.images import ImageStoreConformance
from cloudstack.testing.storage import PrimaryStorageConformance
from plugins.hypervisors.simulator.agent import SimulatorAgent
from plugins.hypervisors.simulator.driver import SimulatorDriver
from plugins.hypervisors.simulator.image_store import SimulatorImageStore
from plugins.hypervisors.simulator.storage import SimulatorStorageDriver
from plugins.hypervisors.simulator.testing import GIB, POOL, new_disc, new_disk, new_host, new_machine, new_nic
from plugins.hypervisors.simulator.world import inject, violations

STORE = ImageStoreRef(uuid=str(uuid4()), name="images", provider="Simulator", url="sim://zone/images")


@pytest.mark.django_db
class TestSimulatorDriver(HypervisorConformance):
    @pytest.fixture(autouse=True)
    def hosts(self, db: None) -> Any:
        self.host, self.target, self.dead = new_host("one"), new_host("two"), new_host("dead")
        inject("*", "unavailable:no route to host", count=None, host_uuid=self.dead.uuid)
        yield
        assert violations() == []

    def make_driver(self) -> SimulatorDriver:
        return SimulatorDriver(self.host)

    def make_target(self) -> SimulatorDriver:
        return SimulatorDriver(self.target)

    def make_unreachable_driver(self) -> SimulatorDriver:
        return SimulatorDriver(self.dead)

    def make_spec(self) -> VmSpec:
        return new_machine(self.host)

    def make_disk(self) -> DiskSpec:
        return new_disk(self.host, device_id=1)

    def make_disc(self) -> DiskSpec:
        return new_disc(self.host)

    def make_nic(self) -> NicSpec:
        return new_nic()


@pytest.mark.django_db
class TestSimulatorStorage(PrimaryStorageConformance):
    reads_source = False

    @pytest.fixture(autouse=True)
    def hosts(self, db: None) -> None:
        self.host, self.other = new_host("one"), new_host("two")

    def make_driver(self) -> SimulatorStorageDriver:
        return SimulatorStorageDriver(POOL, self.host)

    def make_other_driver(self) -> SimulatorStorageDriver:
        return SimulatorStorageDriver(POOL, self.other)

    def make_misplaced_driver(self) -> SimulatorStorageDriver:
        return SimulatorStorageDriver(replace(POOL, details={"missing": "true"}), self.host)

    def make_template(self) -> tuple[TemplateSpec, bytes]:
        spec = TemplateSpec(
            uuid=str(uuid4()),
            name="template",
            format="qcow2",
            virtual_size_bytes=GIB,
            physical_size_bytes=GIB // 8,
        )
        return spec, b"an image"

    def run_together(self, calls: list[Callable[[], Any]]) -> list[Any]:
        # Threads would not see this test's transaction; test_world.py does it with real connections.
        return [call() for call in calls]


@pytest.mark.django_db
class TestSimulatorImages(ImageStoreConformance):
    keeps_content = False

    def make_driver(self) -> SimulatorImageStore:
        return SimulatorImageStore(STORE)

    def make_unreachable_driver(self) -> SimulatorImageStore:
        inject("*", "unavailable:no route to store", count=None)
        return SimulatorImageStore(STORE)

    def run_together(self, calls: list[Callable[[], Any]]) -> list[Any]:
        return [call() for call in calls]


@pytest.mark.django_db
class TestSimulatorAgent(HostAgentConformance):
    @pytest.fixture(autouse=True)
    def hosts(self, db: None) -> None:
        self.host, self.dead = new_host("one"), new_host("dead")
        inject("*", "unavailable:no route to host", count=None, host_uuid=self.dead.uuid)

    def make_agent(self) -> SimulatorAgent:
        return SimulatorAgent(self.host)

    def make_unreachable_agent(self) -> SimulatorAgent:
        return SimulatorAgent(self.dead)
