"""Is this file the image that it claims to be, and harmless to the host that opens it?

An image of a stranger can name files of the host (backing file, external data file, extents) or a disk of
absurd size. So its header is read here first, without qemu; then ``qemu-img info`` reads it in the claimed
format only, without probing, under limits of memory, time and output, and ``check`` looks at its tables.
"""

import hashlib
import json
import os
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from apps.storage.ova_check import BadArchive, disk_of_archive
from cloudstack.contracts.storage import ImageFacts
from cloudstack.framework.errors import InvalidParameter, ResourceUnavailable

QCOW2_MAGIC = b"QFI\xfb"
MAGICS = (
    (0, QCOW2_MAGIC, "a QCOW2 image"),
    (0, b"KDMV", "a VMDK image"),
    (0, b"COWD", "a VMDK image"),
    (0, b"# Disk DescriptorFile", "a VMDK descriptor"),
    (0, b"conectix", "a VHD image"),
    (0, b"vhdxfile", "a VHDX image"),
    (0, b"QED\0", "a QED image"),
    (64, b"\x7f\x10\xda\xbe", "a VDI image"),
    (0, b"LUKS\xba\xbe", "an encrypted (LUKS) image"),
    (0, b"\x1f\x8b", "a gzip archive; unpack it first"),
    (0, b"\xfd7zXZ\0", "an xz archive; unpack it first"),
    (0, b"BZh", "a bzip2 archive; unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive; unpack it first"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x7fELF", "a program"),
    (32769, b"CD001", "an ISO image"),
)
FORMATS = ("QCOW2", "RAW", "ISO", "OVA")
"""What can be checked, as clients write it."""
SECTOR = 512
DISC_MARK = 16 * 2048 + 1
MEMORY_BYTES, OUTPUT_BYTES, CPU_S, WALL_S = 1 << 30, 4 << 20, 120, 180


class BadImage(InvalidParameter):
    """The file is not a usable image."""


def check_image(path: Path, *, format: str, max_bytes: int, sha256: str = "", bootable: bool = True) -> ImageFacts:
    """Facts of the image at ``path``, claimed to be of ``format`` (one of ``FORMATS``).

    ``max_bytes`` bounds the disk that it describes. Raises ``BadImage`` with the reason against it.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    kind = format.upper()
    if kind == "QCOW2":
        virtual = _check_qcow2_header(head, max_bytes)
        told = _qemu_img("info", path, "qcow2", fine=(0,))
        _check_info(told)
        # A truncated image has a flawless header; leaked clusters (3) only waste room.
        _qemu_img("check", path, "qcow2", fine=(0, 3))
        if told.get("virtual-size") != virtual:
            raise BadImage("the image says two different sizes of its disk")
    elif kind == "RAW":
        virtual = _check_raw(head, size, bootable)
    elif kind == "ISO":
        virtual = _check_iso(head, size)
    elif kind == "OVA":
        try:
            virtual = disk_of_archive(path)
        except BadArchive as bad:
            raise BadImage(bad.message) from None
    else:
        raise BadImage(f"format {format} is not supported; use one of {', '.join(FORMATS)}")
    if virtual > max_bytes:
        raise BadImage(_too_large(virtual, max_bytes))
    return ImageFacts(format=kind, virtual_size_bytes=virtual, physical_size_bytes=size, sha256=sha256)


def digests_of(path: Path, algorithms: Iterable[str] = ("sha256",)) -> dict[str, str]:
    """Digests of a file in hex, by algorithm."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            for digest in hashes.values():
                digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in hashes.items()}


def describe(head: bytes) -> str:
    """What a file that begins with ``head`` is, in words; empty when it is nothing known."""
    for offset, magic, words in MAGICS:
        if head[offset : offset + len(magic)] == magic:
            return words
    start = head[:256].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"{", b"#!")):
        return "a text, such as a web page"
    return ""


def _check_qcow2_header(head: bytes, max_bytes: int) -> int:
    """The virtual size that the header tells. Everything that names another file is refused here, unopened."""
    if head[:4] != QCOW2_MAGIC:
        found = describe(head)
        raise BadImage(f"the file is no QCOW2 image{f' but {found}' if found else ''}")
    if len(head) < 104:
        raise BadImage("the file ends inside the header of its image")
    version, backing_offset, backing_length = struct.unpack(">IQI", head[4:20])
    virtual, encryption = struct.unpack(">QI", head[24:36])
    if version not in (2, 3):
        raise BadImage(f"the image has QCOW version {version}; versions 2 and 3 are supported")
    if backing_offset or backing_length:
        raise BadImage("the image has a backing file: it must hold all of its data itself")
    if encryption:
        raise BadImage("the image is encrypted")
    if version == 3:
        (incompatible,) = struct.unpack(">Q", head[72:80])
        if incompatible & 0b100:
            raise BadImage("the image has an external data file: it must hold all of its data itself")
        if incompatible & 0b11:
            raise BadImage("the image was not closed properly or is marked as corrupt; repair it with qemu-img check")
    if virtual == 0:
        raise BadImage("the image describes an empty disk")
    if virtual > max_bytes:
        raise BadImage(_too_large(virtual, max_bytes))
    return int(virtual)


def _check_raw(head: bytes, size: int, bootable: bool) -> int:
    found = describe(head)
    if found:
        raise BadImage(f"the file is no RAW disk but {found}")
    if size == 0 or size % SECTOR:
        raise BadImage(f"the file is no RAW disk: {size} bytes are not a whole number of {SECTOR}-byte sectors")
    if bootable and head[510:512] != b"\x55\xaa" and head[512:520] != b"EFI PART":
        raise BadImage("the file is no bootable RAW disk: it has neither a boot sector nor a GPT")
    return size


def _check_iso(head: bytes, size: int) -> int:
    """A disc carries its mark in sector 16: ISO 9660, or UDF alone."""
    if head[DISC_MARK : DISC_MARK + 5] not in (b"CD001", b"BEA01"):
        found = describe(head)
        raise BadImage(f"the file is no ISO image{f' but {found}' if found else ''}")
    return size


def _check_info(told: dict[str, Any]) -> None:
    """Second look, with qemu's eyes."""
    if told.get("format") != "qcow2":
        raise BadImage(f"qemu-img sees the format {told.get('format')!r}")
    for key in ("backing-filename", "full-backing-filename", "backing-filename-format"):
        if told.get(key):
            raise BadImage("the image has a backing file: it must hold all of its data itself")
    if told.get("encrypted"):
        raise BadImage("the image is encrypted")
    specific = (told.get("format-specific") or {}).get("data") or {}
    if specific.get("data-file") or specific.get("data-file-raw") or specific.get("encrypt"):
        raise BadImage("the image has an external data file or is encrypted")
    if specific.get("corrupt"):
        raise BadImage("the image is marked as corrupt")


def _qemu_img(verb: str, path: Path, format: str, *, fine: tuple[int, ...]) -> dict[str, Any]:
    limits = [f"--as={MEMORY_BYTES}", f"--cpu={CPU_S}", f"--fsize={OUTPUT_BYTES}", "--core=0", "--nofile=64"]
    # An absolute path: "nbd:…" or "json:…" would be something else to qemu-img.
    command = ["prlimit", *limits, "qemu-img", verb, "--output=json", "-f", format, str(path.resolve())]
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                timeout=WALL_S,
                check=False,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            )
        except FileNotFoundError as error:
            raise ResourceUnavailable(f"images cannot be checked: {error.filename} is not installed") from None
        except subprocess.TimeoutExpired:
            raise BadImage(f"qemu-img did not understand the image within {WALL_S} seconds") from None
        if done.returncode not in fine:
            words = done.stderr.decode("utf-8", "replace").replace(str(path.resolve()), "the file").strip()
            raise BadImage(f"qemu-img {verb} refuses the image: {words[:300] or f'it ended with {done.returncode}'}")
        output.seek(0)
        try:
            told = json.load(output)
        except ValueError:
            raise BadImage("qemu-img said nothing understandable about the image") from None
    return told if isinstance(told, dict) else {}


def _too_large(virtual: int, max_bytes: int) -> str:
    gib = 1 << 30
    return f"the image describes a disk of {virtual / gib:.1f} GiB; {max_bytes / gib:.1f} GiB are allowed"
