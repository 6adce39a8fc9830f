"""Volumes as files in a directory that the host sees, local or shared, through a libvirt directory pool."""

import hashlib
import logging
import re
import time
from collections.abc import Iterator, Mapping
from io import BufferedReader
from typing import BinaryIO

import libvirt

from cloudstack.contracts.agent import CheckImage, ImageReport
from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.storage import PoolFacts, PoolRef, TemplateSpec, VolumeFacts, VolumeSpec
from cloudstack.plugin.drivers import host_agent
from plugins.hypervisors.kvm import pools
from plugins.hypervisors.kvm.connection import session
from plugins.hypervisors.kvm.errors import NO_POOL
from plugins.hypervisors.kvm.parsing import parse
from plugins.hypervisors.kvm.rules import canonical_uuid, check_path, refuse_unless

log = logging.getLogger(__name__)

STALLED_S = 60.0
CHECK_TIMEOUT_S = 600
VOLUME_FORMATS = frozenset({"qcow2", "raw"})
IMAGE_FORMATS = VOLUME_FORMATS | {"iso"}
_FILE = re.compile(r"(template-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(qcow2|raw|iso)")
_SHA256 = re.compile(r"(?:\{SHA-?256\})?([0-9a-f]{64})", re.IGNORECASE)


class DirectoryPoolDriver:
    """Pools of the types ``Filesystem`` (local) and ``SharedMountPoint``; they differ in who sees the directory."""

    def __init__(self, pool: PoolRef, host: HostRef):
        self.pool = pool
        self.host = host
        canonical_uuid(pool.uuid, "pool")
        check_path(self.directory, f"pool {pool.name}")

    @property
    def directory(self) -> str:
        return self.pool.path.rstrip("/")

    # -- the pool --------------------------------------------------------------------------------

    def connect(self) -> PoolFacts:
        with session(self.host, f"connect pool {self.pool.name}") as conn:
            return _refreshed(self._active(conn))

    def disconnect(self) -> None:
        """Take the pool off the host; a pool that somebody else made over the directory stays."""
        with session(self.host, f"disconnect pool {self.pool.name}") as conn:
            try:
                pool = conn.storagePoolLookupByName(self._pool_name)
            except libvirt.libvirtError as error:
                if error.get_error_code() == NO_POOL:
                    return
                raise
            if pool.isActive():
                pools.when_idle(pool.destroy)
            pool.undefine()

    def facts(self) -> PoolFacts:
        with session(self.host, f"read pool {self.pool.name}") as conn:
            return _refreshed(self._active(conn))

    # -- volumes ---------------------------------------------------------------------------------

    def cache_template(self, template: TemplateSpec, source: BinaryIO) -> str:
        """The copy counts as complete when it has its full size.

        The end of the file is written last, and only after the checksum of all that was read is
        right. Two workers that write the same template at once write the same bytes in the same
        places, so neither needs to know of the other.
        """
        name = f"template-{canonical_uuid(template.uuid, 'template')}.{_kind(template.format, IMAGE_FORMATS)}"
        with session(self.host, f"copy template {template.name} into pool {self.pool.name}") as conn:
            self._receive(conn, name, template, source)
            return self._path(name)

    def _receive(self, conn: libvirt.virConnect, name: str, image: TemplateSpec, source: BinaryIO) -> None:
        """Have the image's file in the pool under ``name``."""
        refuse_unless(image.physical_size_bytes > 0, f"template {image.name}: its file is empty")
        pool = self._active(conn)
        volume = pools.find_volume(pool, name)
        if volume is None:
            # Declared as raw and empty: the file then grows with what is written and shows its progress.
            volume = self._create(pool, pools.volume_xml(name, 0, "raw", allocation=0), name)
        if _file_size(volume) != image.physical_size_bytes:
            _fill(conn, volume, image, source)
            pools.when_idle(lambda: pool.refresh(0))

    def create_volume(self, volume: VolumeSpec) -> VolumeFacts:
        uuid = canonical_uuid(volume.uuid, "volume")
        kind = _kind(volume.format)
        name = f"{uuid}.{kind}"
        refuse_unless(volume.size_bytes > 0, f"volume {uuid}: size {volume.size_bytes}")
        if volume.template_path:
            refuse_unless(kind == "qcow2", f"volume {uuid}: a thin clone must be qcow2, not {kind}")
            self._file_name(volume.template_path)
        with session(self.host, f"create volume {uuid}") as conn:
            pool = self._active(conn)
            existing = pools.find_volume(pool, name)
            if existing is None:
                existing = self._create(pool, self._volume_xml(pool, volume, name), name)
            facts = self._facts_of(existing, name)
            if facts.size_bytes != volume.size_bytes or not _stands_on(existing, volume.template_path):
                raise DriverError(
                    f"volume {uuid} exists with {facts.size_bytes} bytes and not as it was asked for,"
                    f" with {volume.size_bytes} bytes" + (f" over {volume.template_path}" * bool(volume.template_path))
                )
            return facts

    def volume_facts(self, path: str) -> VolumeFacts | None:
        name = self._file_name(path)
        with session(self.host, f"read volume {path}") as conn:
            volume = pools.find_volume(self._active(conn), name)
            return None if volume is None else self._facts_of(volume, name)

    def resize_volume(self, path: str, size_bytes: int) -> VolumeFacts:
        name = self._file_name(path)
        with session(self.host, f"resize volume {path}") as conn:
            volume = pools.find_volume(self._active(conn), name)
            if volume is None:
                raise NotFound(f"volume {path} is not in pool {self.pool.name}")
            size = self._facts_of(volume, name).size_bytes
            refuse_unless(size_bytes >= size, f"volume {path} has {size} bytes and cannot shrink to {size_bytes}")
            if size_bytes > size:
                pools.when_idle(lambda: volume.resize(size_bytes, 0))
            return self._facts_of(volume, name)

    def volume_path(self, uuid: str, format: str = "qcow2") -> str:
        return self._path(f"{canonical_uuid(uuid, 'volume')}.{_kind(format)}")

    def copy_volume(self, volume: VolumeSpec, source: PoolRef, path: str) -> VolumeFacts:
        """libvirt has QEMU write the copy, which then stands on no template."""
        name = self._file_name(self.volume_path(volume.uuid, volume.format))
        other = DirectoryPoolDriver(source, self.host)
        origin_name = other._file_name(path)
        refuse_unless((source.uuid, origin_name) != (self.pool.uuid, name), f"volume {volume.uuid} is its own copy")
        with session(self.host, f"copy volume {path} to {name}") as conn:
            origin = pools.find_volume(other._active(conn), origin_name)
            if origin is None:
                raise NotFound(f"volume {path} is not in pool {source.name}")
            pool = self._active(conn)
            pools.delete_volume(pool, name)
            xml = pools.volume_xml(name, origin.info()[1], _kind(volume.format))
            copy = pools.when_idle(lambda: pool.createXMLFrom(xml, origin, 0))
            return self._facts_of(copy, name)

    def open_volume(self, path: str) -> BinaryIO:
        name = self._file_name(path)
        with session(self.host, f"read volume {path}") as conn:
            volume = pools.find_volume(self._active(conn), name)
            if volume is None:
                raise NotFound(f"volume {path} is not in pool {self.pool.name}")
            return BufferedReader(
                pools.Download(conn, volume, f"{self.host.name}: read volume {path}"), pools.CHUNK_BYTES
            )

    def import_volume(self, volume: VolumeSpec, image: TemplateSpec, source: BinaryIO) -> VolumeFacts:
        path = self.volume_path(volume.uuid, image.format)
        name = self._file_name(path)
        with session(self.host, f"make volume {volume.uuid} of an image") as conn:
            made = pools.find_volume(self._active(conn), name)
            # A file of another length may be whole and have grown since; an unfinished one is shorter.
            if made is None or _file_size(made) < image.physical_size_bytes:
                self._receive(conn, name, image, source)
        return self.resize_volume(path, max(volume.size_bytes, image.virtual_size_bytes))

    def check_volume(self, path: str, *, repair: str = "") -> Mapping[str, str]:
        """By the agent on the host: libvirt has no word for it."""
        name = self._file_name(path)
        if self.volume_facts(path) is None:
            raise NotFound(f"volume {path} is not in pool {self.pool.name}")
        command = CheckImage(path=path, format=name.rpartition(".")[2], repair=repair, timeout_s=CHECK_TIMEOUT_S)
        report = host_agent(self.host).call(command, timeout_s=CHECK_TIMEOUT_S + 10)
        if not isinstance(report, ImageReport):
            raise DriverError(f"the agent of {self.host.name} did not say what it found in {path}")
        return _told(report)

    def delete_volume(self, path: str) -> None:
        name = self._file_name(path)
        with session(self.host, f"delete volume {path}") as conn:
            pools.delete_volume(self._active(conn), name)

    # -- its own ---------------------------------------------------------------------------------

    @property
    def _pool_name(self) -> str:
        return canonical_uuid(self.pool.uuid, "pool")

    def _active(self, conn: libvirt.virConnect) -> libvirt.virStoragePool:
        """The pool, made usable when the host has forgotten it: a host that was set up anew needs no visit."""
        pool = pools.find_pool(conn, self._pool_name, self.directory) or self._define(conn)
        try:
            pools.activate(pool)
        except libvirt.libvirtError as error:
            words = error.get_error_message() or ""
            if "No such file" in words or "Not a directory" in words:
                raise InvalidSpec(f"pool {self.pool.name} on {self.host.name}: {words}") from error
            raise
        return pool

    def _define(self, conn: libvirt.virConnect) -> libvirt.virStoragePool:
        xml = pools.pool_xml(self._pool_name, self.directory, uuid=self._pool_name)
        try:
            return conn.storagePoolDefineXML(xml, 0)
        except libvirt.libvirtError:
            pool = pools.find_pool(conn, self._pool_name, self.directory)
            if pool is None:
                raise
            return pool  # another worker defined it at the same moment

    def _path(self, name: str) -> str:
        return f"{self.directory}/{name}"

    def _file_name(self, path: str) -> str:
        """Name of one of our files; a path that leads anywhere else is refused."""
        check_path(path, f"pool {self.pool.name}")
        directory, _, name = path.rpartition("/")
        inside = directory == self.directory and _FILE.fullmatch(name)
        refuse_unless(bool(inside), f"{path!r} is not a volume of pool {self.pool.name}")
        return name

    def _volume_xml(self, pool: libvirt.virStoragePool, volume: VolumeSpec, name: str) -> str:
        if not volume.template_path:
            return pools.volume_xml(name, volume.size_bytes, _kind(volume.format))
        template = pools.find_volume(pool, self._file_name(volume.template_path))
        if template is None:
            raise NotFound(f"template {volume.template_path} is not in pool {self.pool.name}")
        least = template.info()[1]
        refuse_unless(
            volume.size_bytes >= least,
            f"volume {volume.uuid}: {volume.size_bytes} bytes; its template has {least}",
        )
        return pools.volume_xml(
            name,
            volume.size_bytes,
            _kind(volume.format),
            backing_path=volume.template_path,
            backing_kind=_kind(volume.template_format),
        )

    @staticmethod
    def _create(pool: libvirt.virStoragePool, xml: str, name: str) -> libvirt.virStorageVol:
        try:
            return pools.when_idle(lambda: pool.createXML(xml, 0))
        except libvirt.libvirtError as error:
            # Three codes for one thing: in libvirt's list, on the disk, or made just now through another host.
            volume = pools.find_volume(pool, name) if "exist" in (error.get_error_message() or "") else None
            if volume is None:
                raise
            return volume  # another worker was quicker

    def _facts_of(self, volume: libvirt.virStorageVol, name: str) -> VolumeFacts:
        _, capacity, allocation = volume.info()
        return VolumeFacts(
            path=self._path(name), format=name.rpartition(".")[2], size_bytes=capacity, allocated_bytes=allocation
        )


def _told(report: ImageReport) -> Mapping[str, str]:
    """In the words of QEMU's tool, which operators know."""
    found = {"format": report.format, "check-errors": report.errors}
    if report.checkable:
        names = ("corruptions", "leaks", "corruptions-fixed", "leaks-fixed", "total-clusters", "allocated-clusters")
        found.update({name: getattr(report, name.replace("-", "_")) for name in names})
        found["image-end-offset"] = report.end_offset
    return {name: str(value) for name, value in found.items()}


def _kind(name: str, known: frozenset[str] = VOLUME_FORMATS) -> str:
    refuse_unless(name.lower() in known, f"format {name!r}: this storage keeps {', '.join(sorted(known))}")
    return name.lower()


def _refreshed(pool: libvirt.virStoragePool) -> PoolFacts:
    pools.when_idle(lambda: pool.refresh(0))
    _, capacity, _, available = pool.info()
    return PoolFacts(capacity_bytes=capacity, available_bytes=available)


def _file_size(volume: libvirt.virStorageVol) -> int:
    """Length of the file itself, whatever the image in it says of its size."""
    physical = volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)
    return int(physical[2])


def _stands_on(volume: libvirt.virStorageVol, template_path: str) -> bool:
    return (parse(volume.XMLDesc(0)).findtext("backingStore/path") or "") == template_path


def _fill(conn: libvirt.virConnect, volume: libvirt.virStorageVol, template: TemplateSpec, source: BinaryIO) -> None:
    """Write the template's bytes, or wait for a worker who is writing them through the same libvirt."""
    progress, give_up = -1, 0.0
    while (size := _file_size(volume)) != template.physical_size_bytes:
        if size != progress:
            progress, give_up = size, time.monotonic() + STALLED_S
        try:
            pools.upload(conn, volume, _checked(source, template), template.physical_size_bytes)
            return
        except libvirt.libvirtError as error:
            if not pools.is_busy(error) or time.monotonic() > give_up:
                raise
        time.sleep(pools.BUSY_PAUSE_S)


def _checked(source: BinaryIO, template: TemplateSpec) -> Iterator[bytes]:
    """The template's bytes; the last ones only when number and SHA-256 of all are right."""
    digest, left = hashlib.sha256(), template.physical_size_bytes
    while left:
        try:
            chunk = source.read(min(left, pools.CHUNK_BYTES))
        except OSError as error:
            raise DriverError(f"template {template.name}: its file cannot be read: {error}", retryable=True) from error
        if not chunk:
            raise DriverError(f"template {template.name}: its file ends {left} bytes too early", retryable=True)
        digest.update(chunk)
        left -= len(chunk)
        if not left:
            _compare(template, digest.hexdigest())
        yield chunk


def _compare(template: TemplateSpec, found: str) -> None:
    expected = _SHA256.fullmatch(template.checksum)
    if expected is None:
        if template.checksum:
            log.debug("template %s: checksum of another kind than SHA-256 was compared at registration", template.name)
        return
    if expected.group(1).lower() != found:
        raise DriverError(f"template {template.name}: SHA-256 is {found}, not {template.checksum}", retryable=True)
