"""A vCenter of its own for the whole run: govmomi's simulator; gone afterwards."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from uuid import uuid4

import pytest

from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, SeedSpec, VmSpec
from cloudstack.contracts.network import NetworkSpec
from cloudstack.contracts.storage import PoolRef, TemplateSpec, VolumeSpec
from lab import vcenter
from tests.support.appliance import CAPACITY_BYTES, appliance

pytest.register_assert_rewrite("cloudstack.testing.hypervisor")

HOSTS = ("DC0_C0_H0", "DC0_C0_H1", "DC0_C0_H2")
DATASTORE = "LocalDS_0"
VLAN = 101


@dataclass
class Center:
    """What the tests know of the vCenter."""

    facts: vcenter.VCenter

    def host(self, number: int = 0, **details: str) -> HostRef:
        """A host as the portal would know it; each call another UUID would be wrong, so it is made of the name."""
        return HostRef(
            uuid=f"00000000-0000-4000-8000-00000000000{number}",
            name=HOSTS[number],
            hypervisor="VMware",
            url=self.facts.url(HOSTS[number]),
            details={"thumbprint": self.facts.thumbprint, **details},
            secrets={"username": self.facts.username, "password": self.facts.password},
        )

    @property
    def pool(self) -> PoolRef:
        return PoolRef(
            uuid="00000000-0000-4000-8000-0000000000aa", name="primary", type="VMFS", path=f"/DC0/{DATASTORE}"
        )

    def disk(self, *, device_id: int = 0) -> DiskSpec:
        """A disk whose volume is there."""
        from plugins.hypervisors.vmware.storage import DatastoreDriver

        uuid = str(uuid4())
        volume = VolumeSpec(uuid=uuid, name="disk", size_bytes=CAPACITY_BYTES)
        facts = DatastoreDriver(self.pool, self.host()).create_volume(volume)
        return DiskSpec(
            uuid=uuid, pool_uuid=self.pool.uuid, pool_type="VMFS", path=facts.path, format="vmdk",
            size_bytes=CAPACITY_BYTES, device_id=device_id, boot=device_id == 0,
        )  # fmt: skip

    def disc(self) -> DiskSpec:
        from plugins.hypervisors.vmware.storage import DatastoreDriver

        content = b"a disc"
        template = TemplateSpec(
            uuid=str(uuid4()), name="disc", format="iso",
            virtual_size_bytes=len(content), physical_size_bytes=len(content),
        )  # fmt: skip
        path = DatastoreDriver(self.pool, self.host()).cache_template(template, BytesIO(content))
        return DiskSpec(
            uuid=template.uuid, pool_uuid=self.pool.uuid, pool_type="VMFS", path=path, format="iso",
            size_bytes=len(content), device_id=3, read_only=True,
        )  # fmt: skip

    def template(self) -> tuple[TemplateSpec, bytes]:
        content = appliance()
        spec = TemplateSpec(
            uuid=str(uuid4()), name="tiny", format="ova",
            virtual_size_bytes=CAPACITY_BYTES, physical_size_bytes=len(content),
        )  # fmt: skip
        return spec, content

    def nic(self, *, device_id: int = 0, vlan: int = VLAN) -> NicSpec:
        """A card in a port group that is there."""
        from plugins.hypervisors.vmware.networks import DistributedSwitch

        network = NetworkSpec(uuid=str(uuid4()), name="guests", guest_type="L2", vni=vlan)
        group = DistributedSwitch().prepare_host(network, self.host())
        tail = uuid4().hex[:6]
        return NicSpec(
            uuid=str(uuid4()), mac=f"02:00:00:{tail[:2]}:{tail[2:4]}:{tail[4:]}", bridge=group,
            network_uuid=network.uuid, ipv4="10.1.1.7", prefix=24, gateway="10.1.1.1", device_id=device_id,
        )  # fmt: skip

    def foreign(self, name: str, vlan: int, *, number: int = 0) -> str:
        """A running machine of vCenter's own administrators, in a port group of theirs; answers its UUID."""
        from pyVmomi import vim

        from plugins.hypervisors.vmware import devices, networks
        from plugins.hypervisors.vmware.options import Options
        from plugins.hypervisors.vmware.vcenter import vcenter

        options = Options(root_disk_controller="lsilogic", nic_adapter="e1000")
        group, tail = f"operators-{vlan}-{name}", uuid4().hex[:6]
        with vcenter(self.host(number), "make a machine") as vc:
            networks._add(vc, networks.switch_of(vc, options)[0], group, vlan)
            card = NicSpec(uuid="x", mac=f"00:50:56:{tail[:2]}:{tail[2:4]}:{tail[4:]}", bridge=group, network_uuid="x")
            folder = f"[{DATASTORE}] {name}"
            vc.content.fileManager.MakeDirectory(folder, vc.datacenter, True)
            disk_spec = vim.VirtualDiskManager.FileBackedVirtualDiskSpec(
                diskType="thin", adapterType="lsiLogic", capacityKb=CAPACITY_BYTES // 1024
            )
            path = f"{folder}/{name}.vmdk"
            vc.wait(vc.content.virtualDiskManager.CreateVirtualDisk_Task(path, vc.datacenter, disk_spec))
            disk = DiskSpec(
                uuid="x", pool_uuid="x", pool_type="VMFS", path=path, format="vmdk", size_bytes=CAPACITY_BYTES
            )
            spec = vim.vm.ConfigSpec(
                name=name, numCPUs=2, memoryMB=256, guestId="debian11_64Guest", firmware="efi",
                files=vim.vm.FileInfo(vmPathName=f"[{DATASTORE}]"),
                deviceChange=[
                    devices.change(devices.ADD, devices.scsi_controller("lsilogic")),
                    devices.change(devices.ADD, devices.disk(disk, devices.SCSI_KEY, -101)),
                    devices.change(devices.ADD, devices.card(vc, card, options, -301)),
                ],
            )  # fmt: skip
            vm = vc.wait(vc.machines_folder.CreateVM_Task(spec, vc.pool_of(vc.host), vc.host))
            vc.wait(vm.PowerOnVM_Task(vc.host))
            return str(vc.one(vm, "config.instanceUuid"))

    def machine(self, **changes: object) -> VmSpec:
        """A machine that can start on any host."""
        spec = VmSpec(
            uuid=str(uuid4()), name=f"i-2-{uuid4().hex[:6]}-VM", display_name="machine", cpus=1, cpu_mhz=500,
            memory_mib=512, disks=(self.disk(),), nics=(self.nic(),),
            seed=SeedSpec(instance_id="i-1", hostname="guest"),
        )  # fmt: skip
        return dataclasses.replace(spec, **changes)


@pytest.fixture(scope="session")
def center() -> Iterator[Center]:
    problems = vcenter.problems()
    if problems:
        pytest.skip("; ".join(problems))
    with vcenter.running() as facts:
        yield Center(facts)
