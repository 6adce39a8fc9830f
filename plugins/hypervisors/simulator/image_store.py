"""An image store that has every image anybody asks for."""

import hashlib
import io
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from django.db.models import Sum

from cloudstack.contracts import checks
from cloudstack.contracts.storage import ImageFacts, ImageStoreRef, PoolFacts
from cloudstack.plugin.drivers import DriverError, InvalidSpec, NotFound
from plugins.hypervisors.simulator.faults import verb
from plugins.hypervisors.simulator.models import SimulatedTemplate

CAPACITY_BYTES = 100 * 1024**4
VIRTUAL_SIZE_BYTES = 2 * 1024**3
PHYSICAL_SIZE_BYTES = 256 * 1024**2
FORMATS = {
    ".iso": "iso",
    ".qcow2": "qcow2",
    ".img": "qcow2",
    ".raw": "raw",
    ".vhd": "vhd",
    ".ova": "ova",
    ".vmdk": "vmdk",
}
CHUNK = 1024 * 1024


class SimulatorImageStore:
    """Templates of one store. ``fetch`` pretends to have downloaded and checked the image; nothing is opened."""

    host = None

    def __init__(self, store: ImageStoreRef):
        self.store = store

    @verb("fetch")
    def fetch(self, uuid: str, url: str) -> ImageFacts | None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "sim"):
            raise InvalidSpec(f"{parts.scheme or 'no scheme'}: images are fetched by http or https")
        kind = FORMATS.get(PurePosixPath(parts.path).suffix.lower(), "qcow2")
        facts = ImageFacts(
            format=kind,
            virtual_size_bytes=PHYSICAL_SIZE_BYTES if kind == "iso" else VIRTUAL_SIZE_BYTES,
            physical_size_bytes=PHYSICAL_SIZE_BYTES,
            sha256=hashlib.sha256(url.encode()).hexdigest(),
        )
        self._store(uuid, url, facts)
        return facts

    @verb("put")
    def put(self, uuid: str, source: Path) -> None:
        checks.uuid("uuid", uuid)
        digest, size = hashlib.sha256(), 0
        try:
            with source.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
        except OSError as error:
            raise DriverError(f"image store {self.store.name} cannot read the image: {error}") from error
        facts = ImageFacts(
            format="qcow2", virtual_size_bytes=VIRTUAL_SIZE_BYTES, physical_size_bytes=size, sha256=digest.hexdigest()
        )
        self._store(uuid, "", facts)

    @verb("open")
    def open(self, uuid: str) -> BinaryIO:
        if not self._rows(uuid).exists():
            raise NotFound(f"there is no template {uuid} in image store {self.store.name}")
        return io.BytesIO(b"simulated image " + uuid.encode())

    @verb("exists")
    def exists(self, uuid: str) -> bool:
        return bool(self._rows(uuid).exists())

    @verb("delete")
    def delete(self, uuid: str) -> None:
        self._rows(uuid).delete()

    @verb("capacity")
    def capacity(self) -> PoolFacts:
        rows = SimulatedTemplate.objects.filter(store_uuid=self.store.uuid)
        taken = rows.aggregate(n=Sum("physical_size_bytes"))["n"] or 0
        return PoolFacts(capacity_bytes=CAPACITY_BYTES, available_bytes=max(CAPACITY_BYTES - taken, 0))

    def _rows(self, uuid: str) -> Any:
        checks.uuid("uuid", uuid)
        return SimulatedTemplate.objects.filter(store_uuid=self.store.uuid, template_uuid=uuid)

    def _store(self, uuid: str, url: str, facts: ImageFacts) -> None:
        row = SimulatedTemplate(
            store_uuid=self.store.uuid,
            template_uuid=uuid,
            url=url[:2048],
            format=facts.format,
            virtual_size_bytes=facts.virtual_size_bytes,
            physical_size_bytes=facts.physical_size_bytes,
            sha256=facts.sha256,
        )
        columns = ["url", "format", "virtual_size_bytes", "physical_size_bytes", "sha256"]
        SimulatedTemplate.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["store_uuid", "template_uuid"], update_fields=columns
        )
