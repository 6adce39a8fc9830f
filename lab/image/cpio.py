"""A writer of initramfs archives (cpio, `newc` format): the few lines of it that the kernel reads."""

from __future__ import annotations

import gzip
import stat


class Archive:
    """Collects entries; `compressed()` is what the boot loader hands to the kernel."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._count = 0

    def folder(self, name: str) -> None:
        self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name: str, content: bytes, *, mode: int = 0o644) -> None:
        self._add(name, stat.S_IFREG | mode, content)

    def link(self, name: str, target: str) -> None:
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name: str, major: int, minor: int) -> None:
        self._add(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def compressed(self) -> bytes:
        self._add("TRAILER!!!", 0)
        return gzip.compress(bytes(self._bytes), 9, mtime=0)

    def _add(self, name: str, mode: int, content: bytes = b"", *, device: tuple[int, int] = (0, 0)) -> None:
        self._count += 1
        label = name.encode() + b"\0"
        # inode, mode, uid, gid, links, mtime, size, device of the file (2), device of a node (2), name length, check
        fields = (self._count, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(label), 0)
        self._bytes += b"070701" + b"".join(b"%08X" % field for field in fields) + label
        self._pad()
        self._bytes += content
        self._pad()

    def _pad(self) -> None:
        self._bytes += b"\0" * (-len(self._bytes) % 4)
