"""A machine to describe, and libvirt's own simulated host to try the driver on."""

import uuid

import pytest

from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, SeedSpec, VmSpec

pytest.importorskip("libvirt", reason="libvirt-python is not installed")

pytest.register_assert_rewrite("cloudstack.testing.hypervisor")


@pytest.fixture
def disk() -> DiskSpec:
    return DiskSpec(
        uuid="0b5c9f1e-8d8a-4f0e-9d3c-2f6f6f1b7a10",
        pool_uuid=str(uuid.uuid4()),
        pool_type="SharedMountPoint",
        path="/primary/0b5c9f1e-8d8a-4f0e-9d3c-2f6f6f1b7a10.qcow2",
        size_bytes=1 << 30,
    )


@pytest.fixture
def nic() -> NicSpec:
    return NicSpec(
        uuid="5a1e3c7b-58f9-4a5d-9c39-7c3c0c0f4a51",
        mac="02:00:4c:5f:00:01",
        bridge="brvx-100",
        network_uuid=str(uuid.uuid4()),
        mtu=1450,
    )


@pytest.fixture
def spec(disk: DiskSpec, nic: NicSpec) -> VmSpec:
    identity = "d3b1a6a2-3f0e-4f3e-8a59-0d9b1e3d7c11"
    return VmSpec(
        uuid=identity,
        name="i-2-7-VM",
        display_name="web server",
        cpus=2,
        cpu_mhz=1000,
        memory_mib=512,
        disks=(disk,),
        nics=(nic,),
        seed=SeedSpec(instance_id=identity, hostname="web", public_keys=("ssh-ed25519 AAAAC3 me@home",)),
    )


@pytest.fixture
def test_host() -> HostRef:
    return HostRef(uuid=str(uuid.uuid4()), name="test", hypervisor="KVM", url="test:///default")
