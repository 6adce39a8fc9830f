"""The stage's drivers keep the contracts, or tests on it would show nothing."""

from collections.abc import Iterator, Mapping
from uuid import uuid4

import pytest

from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import VmSpec
from cloudstack.contracts.network import NetworkSpec
from cloudstack.contracts.storage import ImageStoreRef, PoolRef, TemplateSpec
from cloudstack.testing import stage
from cloudstack.testing.hypervisor import HypervisorConformance
from cloudstack.testing.images import ImageStoreConformance
from cloudstack.testing.network import NetworkElementConformance
from cloudstack.testing.storage import MIB, PrimaryStorageConformance


def host(name: str) -> HostRef:
    return HostRef(uuid=name, name=name, hypervisor=stage.NAME, url=f"stage://{name}")


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    stage.clear()
    yield
    stage.clear()


class TestStageDriver(HypervisorConformance):
    def make_driver(self) -> stage.StageDriver:
        return stage.StageDriver(host("one"))

    def make_target(self) -> stage.StageDriver:
        return stage.StageDriver(host("two"))

    def make_unreachable_driver(self) -> stage.StageDriver:
        return stage.StageDriver(host("absent"))

    def make_spec(self) -> VmSpec:
        return VmSpec(uuid=str(uuid4()), name="i-2-3-VM", display_name="web", cpus=2, cpu_mhz=500, memory_mib=512)


class TestStagePool(PrimaryStorageConformance):
    def make_driver(self, path: str = "/stage") -> stage.StagePool:
        return stage.StagePool(PoolRef(uuid="p", name="pool", type=stage.NAME, path=path), host("one"))

    def make_misplaced_driver(self) -> stage.StagePool:
        return self.make_driver("/absent")

    def make_template(self) -> tuple[TemplateSpec, bytes]:
        sizes = {"virtual_size_bytes": MIB, "physical_size_bytes": MIB}
        return TemplateSpec(uuid=str(uuid4()), name="small", format="qcow2", **sizes), bytes(range(256)) * 4096


class TestStageImages(ImageStoreConformance):
    def make_driver(self, url: str = "stage://images") -> stage.StageImages:
        return stage.StageImages(ImageStoreRef(uuid="s", name="images", provider=stage.NAME, url=url))

    def make_unreachable_driver(self) -> stage.StageImages:
        return self.make_driver("stage://absent")


class TestStageElement(NetworkElementConformance):
    def make_element(self) -> stage.StageElement:
        return stage.StageElement()

    def make_host(self) -> HostRef:
        return host("one")

    def make_other_host(self) -> HostRef:
        return host("two")

    def make_unreachable_host(self) -> HostRef:
        return host("absent")

    def guests_of(self, network: NetworkSpec, host: HostRef) -> Mapping[str, str]:
        return {mac: nic.ipv4 for mac, nic in stage.WORLD.guests.get(network.uuid, {}).items()}


class TestStageSegment(TestStageElement):
    def make_element(self) -> stage.StageSegment:  # type: ignore[override]
        return stage.StageSegment()

    def guests_of(self, network: NetworkSpec, host: HostRef) -> None:  # type: ignore[override]
        return None
