"""libvirt's directory pools: make one usable, look volumes up, send bytes into them."""

import contextlib
import io
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import libvirt

from plugins.hypervisors.kvm.errors import NO_POOL, NO_VOLUME, translate
from plugins.hypervisors.kvm.parsing import parse

T = TypeVar("T")

CHUNK_BYTES = 128 * 1024
BUSY_WAIT_S = 30.0
BUSY_PAUSE_S = 0.2


def pool_xml(name: str, path: str, *, uuid: str = "", mode: str = "") -> str:
    """Definition of a pool over the directory ``path``."""
    pool = ET.Element("pool", type="dir")
    ET.SubElement(pool, "name").text = name
    if uuid:
        ET.SubElement(pool, "uuid").text = uuid
    target = ET.SubElement(pool, "target")
    ET.SubElement(target, "path").text = path
    if mode:
        ET.SubElement(ET.SubElement(target, "permissions"), "mode").text = mode
    return ET.tostring(pool, encoding="unicode")


def volume_xml(
    name: str,
    capacity: int,
    kind: str,
    *,
    backing_path: str = "",
    backing_kind: str = "",
    allocation: int | None = None,
) -> str:
    """Definition of a volume of ``capacity`` bytes, thin over ``backing_path`` when given."""
    volume = ET.Element("volume")
    ET.SubElement(volume, "name").text = name
    ET.SubElement(volume, "capacity", unit="bytes").text = str(capacity)
    if allocation is not None:
        ET.SubElement(volume, "allocation", unit="bytes").text = str(allocation)
    target = ET.SubElement(volume, "target")
    ET.SubElement(target, "format", type=kind)
    if backing_path:
        backing = ET.SubElement(volume, "backingStore")
        ET.SubElement(backing, "path").text = backing_path
        ET.SubElement(backing, "format", type=backing_kind)
    return ET.tostring(volume, encoding="unicode")


def pool_path(pool: libvirt.virStoragePool) -> str:
    return (parse(pool.XMLDesc(0)).findtext("target/path") or "").rstrip("/")


def find_pool(conn: libvirt.virConnect, name: str, path: str) -> libvirt.virStoragePool | None:
    """The pool of this name, or else one that somebody already made over the same directory.

    libvirt refuses two pools over one directory, so a pool left by an earlier portal is taken over.
    """
    try:
        return conn.storagePoolLookupByName(name)
    except libvirt.libvirtError as error:
        if error.get_error_code() != NO_POOL:
            raise
    wanted = path.rstrip("/")
    return next((pool for pool in conn.listAllStoragePools(0) if pool_path(pool) == wanted), None)


def activate(pool: libvirt.virStoragePool) -> None:
    """Start a pool that is not active and let it start with the host; two callers at once are fine."""
    if not pool.isActive():
        try:
            pool.create(0)
        except libvirt.libvirtError:
            if not pool.isActive():
                raise
    if pool.isPersistent() and not pool.autostart():
        pool.setAutostart(1)


def is_busy(error: libvirt.libvirtError) -> bool:
    """True when libvirt refuses because another upload or clone is under way, which it says in words only."""
    words = error.get_error_message() or ""
    return any(hint in words for hint in ("asynchronous jobs", "still in use", "still being allocated"))


def when_idle(action: Callable[[], T]) -> T:
    """Do ``action``, waiting while libvirt says that the pool or volume is busy."""
    deadline = time.monotonic() + BUSY_WAIT_S
    while True:
        try:
            return action()
        except libvirt.libvirtError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(BUSY_PAUSE_S)


def find_volume(pool: libvirt.virStoragePool, name: str) -> libvirt.virStorageVol | None:
    """The volume of this name; looks at the directory again when libvirt does not know it, or knows it wrongly."""
    for attempt in range(2):
        try:
            volume = pool.storageVolLookupByName(name)
            volume.info()  # fails for a file that another host has deleted since
            return volume
        except libvirt.libvirtError as error:
            gone = error.get_error_code() == NO_VOLUME or "No such file" in (error.get_error_message() or "")
            if not gone and attempt:
                raise
        if not attempt:
            when_idle(lambda: pool.refresh(0))
    return None


def delete_volume(pool: libvirt.virStoragePool, name: str) -> None:
    """Delete the volume of this name; absent is fine."""
    volume = find_volume(pool, name)
    if volume is None:
        return
    try:
        when_idle(lambda: volume.delete(0))
    except libvirt.libvirtError as error:
        if find_volume(pool, name) is not None:
            raise
        if error.get_error_code() != NO_VOLUME and "No such file" not in (error.get_error_message() or ""):
            raise


def upload(conn: libvirt.virConnect, volume: libvirt.virStorageVol, chunks: Iterable[bytes], length: int) -> None:
    """Write ``length`` bytes into a volume from its beginning; a failing source aborts the stream."""
    stream = conn.newStream(0)
    volume.upload(stream, 0, length, 0)
    try:
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                view = view[stream.send(bytes(view[:CHUNK_BYTES])) :]
        stream.finish()
    except BaseException:
        stream.abort()
        raise


def download(conn: libvirt.virConnect, volume: libvirt.virStorageVol) -> bytes:
    """All bytes of a small volume."""
    stream = conn.newStream(0)
    volume.download(stream, 0, 0, 0)
    content = bytearray()
    try:
        while chunk := stream.recv(CHUNK_BYTES):
            content += chunk
        stream.finish()
    except BaseException:
        stream.abort()
        raise
    return bytes(content)


class Download(io.RawIOBase):
    """The bytes of a volume, read through libvirt as they are asked for."""

    def __init__(self, conn: libvirt.virConnect, volume: libvirt.virStorageVol, doing: str):
        self._stream: libvirt.virStream | None = conn.newStream(0)
        self._doing = doing
        volume.download(self._stream, 0, 0, 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._stream is None:
            return 0
        try:
            chunk = self._stream.recv(len(buffer))
            if not chunk:
                self._stream.finish()
                self._stream = None
        except libvirt.libvirtError as error:
            raise translate(error, self._doing) from error
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed and self._stream is not None:
            with contextlib.suppress(libvirt.libvirtError):
                self._stream.abort()
            self._stream = None
        super().close()
