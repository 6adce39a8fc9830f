"""Primary storage (where volumes live) and image stores (where templates are kept)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from cloudstack.contracts.host import HostRef


@dataclass(frozen=True, kw_only=True)
class PoolRef:
    """A primary storage pool as drivers see it."""

    uuid: str
    name: str
    type: str
    """Driver name, such as ``SharedMountPoint``, ``Filesystem`` (local) or ``Simulator``."""
    path: str
    host_address: str = ""
    scope: str = "CLUSTER"
    details: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class PoolFacts:
    """Capacity of a pool in bytes."""

    capacity_bytes: int
    available_bytes: int


@dataclass(frozen=True, kw_only=True)
class TemplateSpec:
    """A template's file in an image store, checked before use."""

    uuid: str
    name: str
    format: str
    virtual_size_bytes: int
    physical_size_bytes: int
    checksum: str = ""


@dataclass(frozen=True, kw_only=True)
class VolumeSpec:
    """A volume to make. With ``template_path`` it becomes a thin clone of that cached template."""

    uuid: str
    name: str
    size_bytes: int
    format: str = "qcow2"
    template_path: str = ""
    template_format: str = "qcow2"


@dataclass(frozen=True, kw_only=True)
class VolumeFacts:
    """What the storage says of a volume; ``allocated_bytes`` is what it really takes."""

    path: str
    format: str
    size_bytes: int
    allocated_bytes: int


@runtime_checkable
class PrimaryStorageDriver(Protocol):
    """Volumes of one pool, done through one host that sees it: ``DriverClass(pool_ref, host_ref)``.

    Every verb is idempotent by UUID.
    """

    pool: PoolRef
    host: HostRef

    def connect(self) -> PoolFacts:
        """Make the pool usable on the host; raises ``InvalidSpec`` when the path is not there."""

    def disconnect(self) -> None: ...

    def facts(self) -> PoolFacts: ...

    def cache_template(self, template: TemplateSpec, source: BinaryIO) -> str:
        """Put a copy of the template into the pool and answer its path; does not read ``source`` if it is there."""

    def create_volume(self, volume: VolumeSpec) -> VolumeFacts: ...

    def volume_facts(self, path: str) -> VolumeFacts | None:
        """None when there is no such volume."""

    def resize_volume(self, path: str, size_bytes: int) -> VolumeFacts:
        """Grow a volume that no running machine uses."""

    def delete_volume(self, path: str) -> None:
        """Also deletes a cached template; absent is fine."""


@runtime_checkable
class SupportsVolumeCopies(Protocol):
    """Copies of volumes that stand by themselves, made by the storage; and the files of volumes, out and in."""

    def volume_path(self, uuid: str, format: str = "qcow2") -> str:
        """Where the volume of this UUID lies, or would lie."""

    def copy_volume(self, volume: VolumeSpec, source: PoolRef, path: str) -> VolumeFacts:
        """Make ``volume`` of all that ``path`` holds, which lies in a pool that the host also sees.

        No running machine may use ``path``. Whatever lies under this UUID, such as a copy that broke off, gives way.
        """

    def open_volume(self, path: str) -> BinaryIO:
        """The file of a volume, to read; ``NotFound`` without it."""

    def import_volume(self, volume: VolumeSpec, image: TemplateSpec, source: BinaryIO) -> VolumeFacts:
        """Make ``volume`` of an image's file, and grow it to its size. Does not read ``source`` if it is there."""


@runtime_checkable
class SupportsVolumeCheck(Protocol):
    def check_volume(self, path: str, *, repair: str = "") -> Mapping[str, str]:
        """Look for errors in the data of a volume that no running machine uses, and say what was found.

        ``repair`` is ``leaks`` (room that is lost) or ``all``. ``NotFound`` without the volume.
        """


@dataclass(frozen=True, kw_only=True)
class ImageStoreRef:
    """An image store as drivers see it."""

    uuid: str
    name: str
    provider: str
    url: str
    details: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What a checked image is: container format, sizes in bytes, SHA-256 in hex."""

    format: str
    virtual_size_bytes: int
    physical_size_bytes: int
    sha256: str


@runtime_checkable
class ImageStoreDriver(Protocol):
    """Where templates are kept: ``DriverClass(image_store_ref)``."""

    store: ImageStoreRef

    def fetch(self, uuid: str, url: str) -> ImageFacts | None:
        """Bring an image by itself and check it; None when the core must download, check and ``put`` it."""

    def put(self, uuid: str, source: Path) -> None: ...

    def open(self, uuid: str) -> BinaryIO: ...

    def exists(self, uuid: str) -> bool: ...

    def delete(self, uuid: str) -> None: ...

    def capacity(self) -> PoolFacts: ...
