"""Primary storage in a table: one row a volume or cached template."""

import io
import re
from collections.abc import Mapping
from typing import Any, BinaryIO
from uuid import UUID

from django.db.models import Sum

from cloudstack.contracts.host import HostRef
from cloudstack.contracts.storage import PoolFacts, PoolRef, TemplateSpec, VolumeFacts, VolumeSpec
from cloudstack.plugin.drivers import InvalidSpec, NotFound
from plugins.hypervisors.simulator.faults import verb
from plugins.hypervisors.simulator.models import SimulatedVolume

DEFAULT_CAPACITY_BYTES = 10 * 1024**4
UUID_PATTERN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class SimulatorStorageDriver:
    """Volumes of one pool. The pool's detail ``capacity_bytes`` bounds it, ``missing=true`` takes its path away."""

    def __init__(self, pool: PoolRef, host: HostRef):
        self.pool = pool
        self.host = host

    @verb("connect")
    def connect(self) -> PoolFacts:
        if self.pool.details.get("missing") == "true":
            raise InvalidSpec(f"{self.pool.path} is not there on {self.host.name}")
        return self._facts()

    @verb("disconnect")
    def disconnect(self) -> None:
        """Nothing is mounted."""

    @verb("facts")
    def facts(self) -> PoolFacts:
        return self._facts()

    @verb("cache_template")
    def cache_template(self, template: TemplateSpec, source: BinaryIO) -> str:
        path = self._path_of(template.uuid, "template")
        self._add(template.uuid, path, template.virtual_size_bytes, template.format, is_template=True)
        return path

    @verb("create_volume")
    def create_volume(self, volume: VolumeSpec) -> VolumeFacts:
        path = self._path_of(volume.uuid, "volume")
        if volume.template_path and not self._rows(volume.template_path).exists():
            raise NotFound(f"there is no template {volume.template_path} in pool {self.pool.name}")
        self._add(volume.uuid, path, volume.size_bytes, volume.format, template_path=volume.template_path)
        return self._read(path) or self._facts_of(volume.size_bytes, volume.format, path, bool(volume.template_path))

    @verb("volume_facts")
    def volume_facts(self, path: str) -> VolumeFacts | None:
        self._inside(path)
        return self._read(path)

    @verb("resize_volume")
    def resize_volume(self, path: str, size_bytes: int) -> VolumeFacts:
        self._inside(path)
        if not self._rows(path).filter(size_bytes__lte=size_bytes).update(size_bytes=size_bytes):
            known = self._read(path)
            if known is None:
                raise NotFound(f"there is no volume {path} in pool {self.pool.name}")
            raise InvalidSpec(f"{path} has {known.size_bytes} bytes and cannot shrink to {size_bytes}")
        facts = self._read(path)
        if facts is None:
            raise NotFound(f"{path} was deleted meanwhile")
        return facts

    def volume_path(self, uuid: str, format: str = "qcow2") -> str:
        return self._path_of(uuid, "volume")

    @verb("copy_volume")
    def copy_volume(self, volume: VolumeSpec, source: PoolRef, path: str) -> VolumeFacts:
        origin = SimulatorStorageDriver(source, self.host)._read(path)
        if origin is None:
            raise NotFound(f"there is no volume {path} in pool {source.name}")
        target = self.volume_path(volume.uuid)
        self._rows(target).delete()
        self._add(volume.uuid, target, origin.size_bytes, volume.format)
        return self._facts_of(origin.size_bytes, volume.format, target, False)

    @verb("open_volume")
    def open_volume(self, path: str) -> BinaryIO:
        self._inside(path)
        if self._read(path) is None:
            raise NotFound(f"there is no volume {path} in pool {self.pool.name}")
        return io.BytesIO(b"simulated volume " + path.encode())

    @verb("import_volume")
    def import_volume(self, volume: VolumeSpec, image: TemplateSpec, source: BinaryIO) -> VolumeFacts:
        path = self.volume_path(volume.uuid)
        self._add(volume.uuid, path, max(volume.size_bytes, image.virtual_size_bytes), image.format)
        facts = self._read(path)
        if facts is None:
            raise NotFound(f"{path} was deleted meanwhile")
        return facts

    @verb("check_volume")
    def check_volume(self, path: str, *, repair: str = "") -> Mapping[str, str]:
        facts = self.volume_facts(path)
        if facts is None:
            raise NotFound(f"there is no volume {path} in pool {self.pool.name}")
        return {"check-errors": "0", "format": facts.format, "image-end-offset": str(facts.allocated_bytes)}

    @verb("delete_volume")
    def delete_volume(self, path: str) -> None:
        self._inside(path)
        self._rows(path).delete()

    # -- inner

    def _rows(self, path: str) -> Any:
        self._inside(path)
        return SimulatedVolume.objects.filter(pool_uuid=self.pool.uuid, path=path)

    @property
    def _root(self) -> str:
        return self.pool.path.rstrip("/")

    def _path_of(self, uuid: str, kind: str) -> str:
        if not UUID_PATTERN.fullmatch(uuid):
            raise InvalidSpec(f"{uuid!r} is no UUID")
        return f"{self._root}/{kind}s/{uuid}"

    def _inside(self, path: str) -> None:
        """Paths that this driver never made are refused, whatever they hold."""
        root, kind, uuid = [*path.rsplit("/", 2), "", ""][:3]
        if root != self._root or kind not in ("volumes", "templates") or not UUID_PATTERN.fullmatch(uuid):
            raise InvalidSpec(f"{path!r} is not in pool {self.pool.name}")

    def _add(self, uuid: str, path: str, size_bytes: int, file_format: str, **more: Any) -> None:
        row = SimulatedVolume(
            pool_uuid=self.pool.uuid,
            path=path,
            volume_uuid=UUID(uuid),
            size_bytes=size_bytes,
            format=file_format,
            **more,
        )
        SimulatedVolume.objects.bulk_create([row], ignore_conflicts=True)

    def _read(self, path: str) -> VolumeFacts | None:
        row = self._rows(path).values_list("size_bytes", "format", "template_path").first()
        return self._facts_of(row[0], row[1], path, bool(row[2])) if row else None

    @staticmethod
    def _facts_of(size_bytes: int, file_format: str, path: str, is_clone: bool) -> VolumeFacts:
        """A thin clone takes a quarter of its size, anything else a tenth: as good as any."""
        return VolumeFacts(
            path=path, format=file_format, size_bytes=size_bytes, allocated_bytes=size_bytes // (4 if is_clone else 10)
        )

    def _facts(self) -> PoolFacts:
        capacity = int(self.pool.details.get("capacity_bytes") or DEFAULT_CAPACITY_BYTES)
        taken = SimulatedVolume.objects.filter(pool_uuid=self.pool.uuid).aggregate(n=Sum("size_bytes"))["n"] or 0
        return PoolFacts(capacity_bytes=capacity, available_bytes=max(capacity - taken // 4, 0))
