"""Two real libvirt hosts of a lab of its own, for the whole test run; gone afterwards."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import pytest

import lab
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, SeedSpec, VmSpec
from cloudstack.contracts.storage import PoolRef, TemplateSpec, VolumeSpec
from lab import cloud, namespaces
from lab.hosts import AgentOptions

pytest.register_assert_rewrite("cloudstack.testing.hypervisor", "cloudstack.testing.storage")

BRIDGE = "brtest"
MIB = 1024 * 1024


@dataclass
class Lab:
    """What the tests know of the lab."""

    data: Path
    status: dict
    pool_path: str
    pool_uuid: str = field(default_factory=lambda: str(uuid4()))

    def host(self, number: int, **details: str) -> HostRef:
        entry = self.status["hosts"][number - 1]
        return HostRef(
            uuid=entry["uuid"], name=entry["name"], hypervisor="KVM", url=entry["libvirt_uri"], details=details
        )

    @property
    def pool(self) -> PoolRef:
        return PoolRef(uuid=self.pool_uuid, name="primary", type="SharedMountPoint", path=self.pool_path)

    @property
    def image(self) -> Path:
        return Path(self.status["image"])

    def run(self, number: int, *argv: str) -> None:
        """Run a program on a host, inside its namespaces."""
        status = namespaces.run_inside(self.status["hosts"][number - 1]["init_pid"], argv)
        assert status == 0, f"{argv} on host{number}: {status}"

    def file(self, number: int, path: str) -> Path:
        """A host's file as seen from here."""
        return Path(f"/proc/{self.status['hosts'][number - 1]['init_pid']}/root{path}")

    def wait_until_ready(self, number: int, vm_uuid: str, timeout_s: float = 120) -> None:
        """Until the guest's console says that its services run."""
        log = self.file(number, f"/var/log/libvirt/cloudstack-consoles/console-{vm_uuid}.log")
        deadline = time.monotonic() + timeout_s
        while not (log.exists() and b"TINY-READY" in log.read_bytes()):
            assert time.monotonic() < deadline, f"guest not ready: {log.read_bytes()[-500:] if log.exists() else b''!r}"
            time.sleep(0.25)


@pytest.fixture(scope="session")
def kvm_lab() -> Iterator[Lab]:
    problems = lab.preflight()
    if problems:
        pytest.skip("no lab here: " + "; ".join(problems))
    data = Path(mkdtemp(prefix="cs-kvm-", dir=os.environ.get("CLOUDSTACK_TEST_LAB_DIR")))
    status = cloud.up(data, count=2, agent=AgentOptions(), with_image=True, say=lambda words: None)
    try:
        built = Lab(data=data, status=status, pool_path=status["shared_pool_path"])
        for number in (1, 2):
            built.run(number, "ip", "link", "add", BRIDGE, "type", "bridge")
            built.run(number, "ip", "link", "set", BRIDGE, "up")
        yield built
    finally:
        cloud.down(data, purge=True, say=lambda words: None)
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def kvm_template(kvm_lab: Lab) -> tuple[TemplateSpec, Path]:
    """The guest image as a template."""
    if not kvm_lab.status["image"]:
        pytest.skip("the lab has no guest image here")
    import hashlib

    content = kvm_lab.image.read_bytes()
    spec = TemplateSpec(
        uuid=str(uuid4()),
        name="tiny",
        format="qcow2",
        virtual_size_bytes=virtual_size(kvm_lab.image),
        physical_size_bytes=len(content),
        checksum=hashlib.sha256(content).hexdigest(),
    )
    return spec, kvm_lab.image


def virtual_size(path: Path) -> int:
    """Size of the disk in an image file, by QEMU's own tool."""
    import json

    answer = subprocess.run(
        ["qemu-img", "info", "--output=json", str(path)], capture_output=True, check=True, text=True, timeout=20
    )
    return int(json.loads(answer.stdout)["virtual-size"])


@pytest.fixture(scope="session")
def guests(kvm_lab: Lab, kvm_template: tuple[TemplateSpec, Path]) -> "GuestMaker":
    return GuestMaker(kvm_lab, *kvm_template)


class GuestMaker:
    """Makes machines with a real disk each."""

    def __init__(self, kvm_lab: Lab, template: TemplateSpec, image: Path):
        from plugins.hypervisors.kvm.storage import DirectoryPoolDriver

        self.storage = DirectoryPoolDriver(kvm_lab.pool, kvm_lab.host(1))
        self.storage.connect()
        DirectoryPoolDriver(kvm_lab.pool, kvm_lab.host(2)).connect()
        with image.open("rb") as source:
            self.template_path = self.storage.cache_template(template, source)
        self.template = template
        self.pool = kvm_lab.pool
        self.count = 0

    def machine(self) -> VmSpec:
        """A small machine with a root disk, a card and a seed."""
        self.count += 1
        uuid = str(uuid4())
        return VmSpec(
            uuid=uuid,
            name=f"i-2-{self.count}-VM",
            display_name=f'guest <{self.count}> & "friends"',
            cpus=1,
            cpu_mhz=500,
            memory_mib=128,
            disks=(self.disk(boot=True),),
            nics=(self.nic(),),
            seed=SeedSpec(instance_id=uuid, hostname=f"guest{self.count}", user_data=b"#cloud-config\n"),
        )

    def disk(self, *, boot: bool = False) -> DiskSpec:
        spec = VolumeSpec(
            uuid=str(uuid4()),
            name="disk",
            size_bytes=self.template.virtual_size_bytes if boot else 64 * MIB,
            template_path=self.template_path if boot else "",
        )
        volume = self.storage.create_volume(spec)
        return DiskSpec(
            uuid=spec.uuid,
            pool_uuid=self.pool.uuid,
            pool_type=self.pool.type,
            path=volume.path,
            format=volume.format,
            size_bytes=volume.size_bytes,
            boot=boot,
        )

    def disc(self) -> DiskSpec:
        from plugins.hypervisors.kvm.seed import seed_image

        content = seed_image(SeedSpec(instance_id="disc", hostname="disc"))
        spec = TemplateSpec(
            uuid=str(uuid4()),
            name="disc",
            format="iso",
            virtual_size_bytes=len(content),
            physical_size_bytes=len(content),
        )
        return DiskSpec(
            uuid=spec.uuid,
            pool_uuid=self.pool.uuid,
            pool_type=self.pool.type,
            path=self.storage.cache_template(spec, BytesIO(content)),
            format="iso",
            device_id=3,
            read_only=True,
        )

    def nic(self) -> NicSpec:
        uuid = uuid4()
        tail = uuid.hex[:6]
        mac = ":".join(["02", "00", "5e", tail[:2], tail[2:4], tail[4:]])
        return NicSpec(uuid=str(uuid), mac=mac, bridge=BRIDGE, network_uuid=str(uuid4()), mtu=1450)
