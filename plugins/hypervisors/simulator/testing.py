"""Ready-made hosts, pools and machines of the simulated world, for tests of the plugin."""

from io import BytesIO
from uuid import uuid4

from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, VmSpec
from cloudstack.contracts.storage import PoolRef, TemplateSpec, VolumeSpec
from plugins.hypervisors.simulator.driver import SimulatorDriver
from plugins.hypervisors.simulator.models import SimulatedBridge
from plugins.hypervisors.simulator.storage import SimulatorStorageDriver

GIB = 1024**3
POOL = PoolRef(uuid=str(uuid4()), name="pool", type="Simulator", path="/simulated/pool")
BRIDGE = "brvx-7"


def new_host(name: str = "host", **places: str) -> HostRef:
    """A host with the bridge ``BRIDGE``."""
    host = HostRef(uuid=str(uuid4()), name=name, hypervisor="Simulator", url=f"sim://{name}", **places)
    SimulatedBridge.objects.create(host_uuid=host.uuid, name=BRIDGE, vni=7, underlay="guest0", mtu=1450)
    return host


def new_disk(host: HostRef, *, device_id: int = 0) -> DiskSpec:
    """A disk whose volume is there."""
    uuid = str(uuid4())
    facts = SimulatorStorageDriver(POOL, host).create_volume(VolumeSpec(uuid=uuid, name="disk", size_bytes=GIB))
    return DiskSpec(
        uuid=uuid,
        pool_uuid=POOL.uuid,
        pool_type=POOL.type,
        path=facts.path,
        size_bytes=GIB,
        device_id=device_id,
        boot=device_id == 0,
    )


def new_disc(host: HostRef) -> DiskSpec:
    """A disc whose copy is in the pool."""
    template = TemplateSpec(
        uuid=str(uuid4()), name="disc", format="iso", virtual_size_bytes=GIB, physical_size_bytes=GIB
    )
    path = SimulatorStorageDriver(POOL, host).cache_template(template, BytesIO(b"a disc"))
    return DiskSpec(
        uuid=template.uuid,
        pool_uuid=POOL.uuid,
        pool_type=POOL.type,
        path=path,
        format="iso",
        device_id=3,
        boot=True,
        read_only=True,
    )


def new_nic() -> NicSpec:
    """A card on the bridge that ``new_host`` makes."""
    tail = uuid4().hex[:6]
    mac = f"02:00:00:{tail[:2]}:{tail[2:4]}:{tail[4:]}"
    return NicSpec(uuid=str(uuid4()), mac=mac, bridge=BRIDGE, network_uuid=str(uuid4()), ipv4="10.1.1.7", prefix=24)


def new_machine(host: HostRef, **changes: object) -> VmSpec:
    """A machine that can start on ``host``."""
    fields = {
        "uuid": str(uuid4()),
        "name": f"i-2-{uuid4().hex[:6]}-VM",
        "display_name": "machine",
        "cpus": 1,
        "cpu_mhz": 500,
        "memory_mib": 512,
        "disks": (new_disk(host),),
        "nics": (new_nic(),),
    }
    return VmSpec(**{**fields, **changes})


def new_driver(name: str = "host", **places: str) -> SimulatorDriver:
    return SimulatorDriver(new_host(name, **places))
