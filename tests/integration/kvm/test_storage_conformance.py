"""Directory pools through real libvirt hosts: what every primary storage must do."""

import uuid
from dataclasses import replace

import pytest

from cloudstack.agent.images import check_image
from cloudstack.contracts.storage import PoolRef, TemplateSpec
from cloudstack.testing.storage import PrimaryStorageConformance

pytest.importorskip("libvirt", reason="libvirt-python is not installed")

from plugins.hypervisors.kvm.storage import DirectoryPoolDriver

pytestmark = [pytest.mark.lab, pytest.mark.slow]


class TestSharedMountPoint(PrimaryStorageConformance):
    @pytest.fixture(autouse=True)
    def _lab(self, kvm_lab, kvm_template):
        self.lab = kvm_lab
        self.image = kvm_template
        self.pool = kvm_lab.pool

    @pytest.fixture(autouse=True)
    def _agents_without_a_broker(self, monkeypatch, kvm_lab):
        """What the agent on the host does, done from here on the same file."""

        class Agent:
            def __init__(self, host):
                self.number = 1 + [entry["uuid"] for entry in kvm_lab.status["hosts"]].index(host.uuid)

            def call(self, command, *, timeout_s):
                seen = str(kvm_lab.file(self.number, command.path))
                return check_image(None, replace(command, path=seen))

        monkeypatch.setattr("plugins.hypervisors.kvm.storage.host_agent", Agent)

    def make_driver(self) -> DirectoryPoolDriver:
        return DirectoryPoolDriver(self.pool, self.lab.host(1))

    def make_other_driver(self) -> DirectoryPoolDriver:
        return DirectoryPoolDriver(self.pool, self.lab.host(2))

    def make_template(self) -> tuple[TemplateSpec, bytes]:
        spec, path = self.image
        return replace(spec, uuid=str(uuid.uuid4())), path.read_bytes()

    def make_misplaced_driver(self) -> DirectoryPoolDriver:
        pool = PoolRef(uuid=str(uuid.uuid4()), name="lost", type=self.pool.type, path="/nonexistent/pool")
        return DirectoryPoolDriver(pool, self.lab.host(1))


class TestLocalDirectory(TestSharedMountPoint):
    @pytest.fixture(autouse=True)
    def _local(self, _lab, kvm_lab):
        name = "local-pool"
        kvm_lab.file(1, f"/var/lib/libvirt/{name}").mkdir(exist_ok=True)
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, str(kvm_lab.data)))
        self.pool = PoolRef(uuid=identity, name=name, type="Filesystem", path=f"/var/lib/libvirt/{name}", scope="HOST")

    def make_other_driver(self) -> DirectoryPoolDriver:
        return self.make_driver()
