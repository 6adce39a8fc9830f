"""Drivers in memory, of every kind, on which tests play: a cloud needs no plugin besides the one that is tested.

They keep the same contracts as real drivers, live in the process of the test, and forget everything with it.
"""

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from cloudstack.contracts import checks
from cloudstack.contracts.errors import DriverError, DriverUnavailable, InvalidSpec, NotFound
from cloudstack.contracts.host import HostFacts, HostRef
from cloudstack.contracts.hypervisor import PowerState, VmSpec
from cloudstack.contracts.network import GuestNic, NetworkSpec, Service
from cloudstack.contracts.storage import (
    ImageFacts,
    ImageStoreRef,
    PoolFacts,
    PoolRef,
    TemplateSpec,
    VolumeFacts,
    VolumeSpec,
)
from cloudstack.framework import drivers
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.markers import hookimpl

NAME = "Stage"
"""Hypervisor, pool type, image store provider and network element."""
SEGMENT = "StageSegment"
"""The element that connects networks."""
ABSENT = "absent"
"""A host, pool or store whose address has this word does not answer."""
TIB = 1024**4
GIB = 1024**3


@dataclass
class World:
    """What there is on the stage, for tests to look at."""

    machines: dict[str, dict[str, tuple[VmSpec, PowerState]]] = field(default_factory=dict)
    """Host's UUID → machine's UUID → what it was started with, and whether it runs."""
    volumes: dict[str, VolumeFacts] = field(default_factory=dict)
    """By path; cached templates among them."""
    images: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """By store's and image's UUID."""
    guests: dict[str, dict[str, GuestNic]] = field(default_factory=dict)
    """Network's UUID → MAC → card."""

    def running_on(self, machine_uuid: str) -> list[str]:
        """UUIDs of the hosts on which the machine runs: one, or none."""
        return [host for host, known in self.machines.items() if known.get(machine_uuid, ("", ""))[1] == PowerState.ON]


WORLD = World()


class StageDriver:
    """Machines of one host."""

    def __init__(self, host: HostRef):
        self.host = host

    def host_facts(self) -> HostFacts:
        self._known()
        return HostFacts(cpus=16, cpu_mhz=2000, memory_mib=65536, hypervisor_version="stage", hostname=self.host.name)

    def validate(self, spec: VmSpec) -> None:
        if not (1 <= spec.cpus <= 16 and 1 <= spec.memory_mib <= 65536):
            raise InvalidSpec(f"{spec.name}: {spec.cpus} CPUs and {spec.memory_mib} MiB; hosts have 16 and 65536")

    def start(self, spec: VmSpec) -> None:
        self.validate(spec)
        if [one for one in WORLD.running_on(spec.uuid) if one != self.host.uuid]:
            raise DriverError(f"{spec.name} runs on another host")
        self._known()[spec.uuid] = (spec, PowerState.ON)

    def stop(self, uuid: str, *, force: bool = False, timeout_s: float = 120) -> None:
        if uuid in self._known():
            self._known()[uuid] = (self._known()[uuid][0], PowerState.OFF)

    def reboot(self, uuid: str, *, force: bool = False) -> None:
        if self.power_state(uuid) is not PowerState.ON:
            raise NotFound(f"machine {uuid} does not run on {self.host.name}")

    def destroy(self, uuid: str) -> None:
        self._known().pop(uuid, None)

    def power_state(self, uuid: str) -> PowerState:
        return self.power_states().get(uuid, PowerState.ABSENT)

    def power_states(self) -> Mapping[str, PowerState]:
        return {uuid: power for uuid, (_, power) in self._known().items()}

    def prepare_migration(self, spec: VmSpec) -> None:
        self.validate(spec)

    def migrate(self, spec: VmSpec, target: HostRef, *, timeout_s: float = 300) -> None:
        there = StageDriver(target)._known()
        if self.power_state(spec.uuid) is PowerState.ON:
            there[spec.uuid] = self._known().pop(spec.uuid)
        elif spec.uuid not in there:
            raise NotFound(f"{spec.name} does not run on {self.host.name}")

    def _known(self) -> dict[str, tuple[VmSpec, PowerState]]:
        _answers(self.host.url)
        return WORLD.machines.setdefault(self.host.uuid, {})


class StagePool:
    """Volumes of one pool: sizes without content."""

    def __init__(self, pool: PoolRef, host: HostRef):
        self.pool, self.host = pool, host

    def connect(self) -> PoolFacts:
        if ABSENT in self.pool.path:
            raise InvalidSpec(f"{self.pool.path} is not there on {self.host.name}")
        return self.facts()

    def disconnect(self) -> None:
        """Nothing is mounted."""

    def facts(self) -> PoolFacts:
        return PoolFacts(capacity_bytes=TIB, available_bytes=TIB)

    def cache_template(self, template: TemplateSpec, source: BinaryIO) -> str:
        path = self._path_of(template.uuid)
        if path not in WORLD.volumes:
            try:
                while source.read(1 << 20):
                    """The content is nobody's business here."""
            except OSError as error:
                raise DriverUnavailable(f"template {template.name} cannot be copied: {error}") from error
            self._keep(path, template.virtual_size_bytes)
        return path

    def create_volume(self, volume: VolumeSpec) -> VolumeFacts:
        path = self._path_of(volume.uuid)
        if volume.template_path and self.volume_facts(volume.template_path) is None:
            raise NotFound(f"there is no template {volume.template_path} in pool {self.pool.name}")
        return WORLD.volumes.get(path) or self._keep(path, volume.size_bytes)

    def volume_facts(self, path: str) -> VolumeFacts | None:
        return WORLD.volumes.get(self._inside(path))

    def resize_volume(self, path: str, size_bytes: int) -> VolumeFacts:
        facts = self.volume_facts(path)
        if facts is None:
            raise NotFound(f"there is no volume {path} in pool {self.pool.name}")
        if size_bytes < facts.size_bytes:
            raise InvalidSpec(f"volume {path} does not shrink from {facts.size_bytes} to {size_bytes} bytes")
        return self._keep(path, size_bytes)

    def delete_volume(self, path: str) -> None:
        WORLD.volumes.pop(self._inside(path), None)

    def _path_of(self, uuid: str) -> str:
        checks.uuid("uuid", uuid)
        return f"{self.pool.path}/{uuid}.qcow2"

    def _inside(self, path: str) -> str:
        checks.volume_file("path", path)
        if path.rpartition("/")[0] != self.pool.path:
            raise InvalidSpec(f"path: {path} does not lie in pool {self.pool.name}")
        return path

    def _keep(self, path: str, size_bytes: int) -> VolumeFacts:
        facts = VolumeFacts(path=path, format="qcow2", size_bytes=size_bytes, allocated_bytes=0)
        WORLD.volumes[path] = facts
        return facts


class StageImages:
    """Images of one store. It pretends to have fetched whatever it is asked for; nothing is opened."""

    def __init__(self, store: ImageStoreRef):
        self.store = store

    def fetch(self, uuid: str, url: str) -> ImageFacts | None:
        checks.uuid("uuid", uuid)
        self._images()[self.store.uuid, uuid] = url.encode()
        digest = sha256(url.encode()).hexdigest()
        return ImageFacts(
            format="raw" if url.endswith(".raw") else "qcow2",
            virtual_size_bytes=GIB,
            physical_size_bytes=GIB // 8,
            sha256=digest,
        )

    def put(self, uuid: str, source: Path) -> None:
        checks.uuid("uuid", uuid)
        try:
            self._images()[self.store.uuid, uuid] = source.read_bytes()
        except OSError as error:
            raise DriverError(f"image store {self.store.name} cannot read the image: {error}") from error

    def open(self, uuid: str) -> BinaryIO:
        if not self.exists(uuid):
            raise NotFound(f"image store {self.store.name} has no image {uuid}")
        return io.BytesIO(self._images()[self.store.uuid, uuid])

    def exists(self, uuid: str) -> bool:
        checks.uuid("uuid", uuid)
        return (self.store.uuid, uuid) in self._images()

    def delete(self, uuid: str) -> None:
        checks.uuid("uuid", uuid)
        self._images().pop((self.store.uuid, uuid), None)

    def capacity(self) -> PoolFacts:
        self._images()
        return PoolFacts(capacity_bytes=TIB, available_bytes=TIB)

    def _images(self) -> dict[tuple[str, str], bytes]:
        _answers(self.store.url)
        return WORLD.images


class StageElement:
    """Gives addresses and names."""

    name = NAME
    services: ClassVar[frozenset[Service]] = frozenset({Service.DHCP, Service.DNS, Service.USER_DATA})

    def implement(self, network: NetworkSpec, service_host: HostRef) -> None:
        _answers(service_host.url)
        WORLD.guests.setdefault(network.uuid, {})

    def shutdown(self, network: NetworkSpec, service_host: HostRef) -> None:
        WORLD.guests.pop(network.uuid, None)

    def prepare_host(self, network: NetworkSpec, host: HostRef) -> str:
        """Guests reach it over the segment."""
        return ""

    def release_host(self, network: NetworkSpec, host: HostRef) -> None:
        """Nothing was made on it."""

    def prepare_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        _answers(service_host.url)
        WORLD.guests.setdefault(network.uuid, {})[nic.mac] = nic

    def release_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        WORLD.guests.get(network.uuid, {}).pop(nic.mac, None)


class StageSegment:
    """Connects networks on hosts."""

    name = SEGMENT
    services: ClassVar[frozenset[Service]] = frozenset({Service.CONNECTIVITY})

    def prepare_host(self, network: NetworkSpec, host: HostRef) -> str:
        _answers(host.url)
        return f"stage-{network.vni}"

    def release_host(self, network: NetworkSpec, host: HostRef) -> None:
        """Nothing was made on it."""

    def implement(self, network: NetworkSpec, service_host: HostRef) -> None:
        """The segment is all."""

    def shutdown(self, network: NetworkSpec, service_host: HostRef) -> None:
        """The segment goes with ``release_host``."""

    def prepare_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        """Cards need nothing."""

    def release_nic(self, network: NetworkSpec, nic: GuestNic, service_host: HostRef) -> None:
        """Cards leave nothing behind."""


class _Hooks:
    """What a plugin would give. Hosts of ``hypervisor`` can use every pool that hosts of another one can."""

    def __init__(self, hypervisor: str):
        self.hypervisor = hypervisor
        self.pools = {
            kind: driver
            for (name, kind), driver in pm.merged("register_storage_drivers").items()
            if (hypervisor, kind) not in pm.merged("register_storage_drivers")
        }

    @hookimpl
    def register_hypervisor_drivers(self) -> dict[str, Any]:
        return {NAME: StageDriver}

    @hookimpl
    def register_storage_drivers(self) -> dict[tuple[str, str], Any]:
        return {(self.hypervisor, kind): driver for kind, driver in {**self.pools, NAME: StagePool}.items()}

    @hookimpl
    def register_image_store_drivers(self) -> dict[str, Any]:
        return {NAME: StageImages}

    @hookimpl
    def register_network_elements(self) -> dict[str, Any]:
        return {NAME: StageElement, SEGMENT: StageSegment}


@contextlib.contextmanager
def stage(hypervisor: str = NAME) -> Iterator[World]:
    """Inside, the drivers of the stage are there besides those of the plugins, and its world is empty."""
    clear()
    pm.register(_Hooks(hypervisor), name="stage")
    drivers.reset()
    try:
        yield WORLD
    finally:
        pm.unregister(name="stage")
        drivers.reset()
        clear()


def clear() -> None:
    """Begin with nothing."""
    for part in vars(WORLD).values():
        part.clear()


def _answers(address: str) -> None:
    if ABSENT in address:
        raise DriverUnavailable(f"{address} does not answer")
