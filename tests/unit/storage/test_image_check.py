"""Images of strangers: real ones made with qemu-img, each with something wrong."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from apps.storage.image_check import BadImage, check_image
from tests.support.appliance import CAPACITY_BYTES, DESCRIPTOR, appliance

GIB = 1 << 30
pytestmark = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-utils is not installed")


def qemu_img(*arguments: str | Path) -> None:
    subprocess.run(["qemu-img", *map(str, arguments)], check=True, capture_output=True)


def qcow2(path: Path, *options: str | Path, size: str = "64M") -> Path:
    qemu_img("create", "-q", "-f", "qcow2", *options, path, size)
    return path


def check(path: Path, format: str = "QCOW2", **options):
    return check_image(path, format=format, max_bytes=10 * GIB, **options)


def test_a_plain_image_is_accepted_with_its_sizes(tmp_path: Path) -> None:
    facts = check(qcow2(tmp_path / "a.qcow2"), sha256="ab")
    assert (facts.format, facts.virtual_size_bytes, facts.sha256) == ("QCOW2", 64 << 20, "ab")
    assert facts.physical_size_bytes == (tmp_path / "a.qcow2").stat().st_size


def test_an_old_and_a_compressed_image_are_accepted(tmp_path: Path) -> None:
    check(qcow2(tmp_path / "old.qcow2", "-o", "compat=0.10"))
    qemu_img("convert", "-c", "-O", "qcow2", qcow2(tmp_path / "a.qcow2"), tmp_path / "small.qcow2")
    check(tmp_path / "small.qcow2")


@pytest.mark.parametrize("backing", ["base.qcow2", "/etc/shadow", "nbd://127.0.0.1:10809"])
def test_a_backing_file_is_refused(tmp_path: Path, backing: str) -> None:
    qcow2(tmp_path / "base.qcow2")
    image = qcow2(tmp_path / "a.qcow2")
    qemu_img("rebase", "-u", "-F", "qcow2" if backing.startswith("base") else "raw", "-b", backing, image)
    with pytest.raises(BadImage, match="backing file"):
        check(image)


def test_an_external_data_file_is_refused(tmp_path: Path) -> None:
    image = qcow2(tmp_path / "a.qcow2", "-o", f"data_file={tmp_path / 'data'}")
    with pytest.raises(BadImage, match="external data file"):
        check(image)


def test_an_encrypted_image_is_refused(tmp_path: Path) -> None:
    secret = "secret,id=s,data=word"
    image = tmp_path / "a.qcow2"
    # The old format: for LUKS qemu-img measures the processor first, and gives up on a busy machine.
    qemu_img(
        "create", "-q", "-f", "qcow2", "--object", secret, "-o", "encrypt.format=aes,encrypt.key-secret=s", image, "1M"
    )
    with pytest.raises(BadImage, match="encrypted"):
        check(image)


def test_a_disk_of_absurd_size_is_refused(tmp_path: Path) -> None:
    image = qcow2(tmp_path / "a.qcow2", size="100T")
    assert image.stat().st_size < 1 << 22
    with pytest.raises(BadImage, match="102400"):
        check(image)


@pytest.mark.parametrize(("format", "words"), [("vmdk", "VMDK"), ("vdi", "VDI"), ("vpc", "VHD"), ("raw", "no QCOW2")])
@pytest.mark.parametrize("claimed", ["QCOW2", "RAW"])
def test_another_format_than_claimed_is_refused(tmp_path: Path, format: str, words: str, claimed: str) -> None:
    image = tmp_path / "image"
    options = ("-o", "subformat=fixed") if format == "vpc" else ()
    qemu_img("create", "-q", "-f", format, *(() if format == "vpc" else options), image, "1M")
    with pytest.raises(BadImage):
        check(image, claimed)


def test_a_vmdk_descriptor_that_names_a_file_of_the_host_is_never_opened(tmp_path: Path) -> None:
    image = tmp_path / "a"
    image.write_text('# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 8 FLAT "/etc/shadow" 0\n')
    for claimed in ("QCOW2", "RAW"):
        with pytest.raises(BadImage, match="VMDK"):
            check(image, claimed)


@pytest.mark.parametrize(
    "content",
    [b"", b"<!doctype html><p>not found", b"QFI\xfb", b"QFI\xfb" + b"\xff" * 200, b"\x1f\x8b" + b"0" * 2000, b"text"],
)
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    image = tmp_path / "a"
    image.write_bytes(content)
    for claimed in ("QCOW2", "RAW"):
        with pytest.raises(BadImage):
            check(image, claimed)


def test_a_truncated_image_is_refused_by_qemu(tmp_path: Path) -> None:
    image = qcow2(tmp_path / "a.qcow2")
    image.write_bytes(image.read_bytes()[:200])
    with pytest.raises(BadImage):
        check(image)


def test_a_broken_table_is_refused(tmp_path: Path) -> None:
    image = qcow2(tmp_path / "a.qcow2")
    data = bytearray(image.read_bytes())
    struct.pack_into(">I", data, 36, 0x7FFFFFFF)  # entries of the first-level table
    image.write_bytes(data)
    with pytest.raises(BadImage):
        check(image)


def test_a_raw_disk_needs_sectors_and_a_boot_record(tmp_path: Path) -> None:
    image = tmp_path / "a"
    image.write_bytes(b"\0" * 510 + b"\x55\xaa" + b"\0" * 512)
    assert check(image, "RAW").virtual_size_bytes == 1024
    image.write_bytes(b"\0" * 1024)
    with pytest.raises(BadImage, match="boot"):
        check(image, "RAW")
    assert check(image, "RAW", bootable=False).virtual_size_bytes == 1024
    image.write_bytes(b"\0" * 1000)
    with pytest.raises(BadImage, match="sectors"):
        check(image, "RAW", bootable=False)


def test_a_format_that_cannot_be_checked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match="QCOW2, RAW"):
        check(qcow2(tmp_path / "a"), "VHD")


def test_a_disc_is_known_by_its_mark(tmp_path: Path) -> None:
    disc = tmp_path / "a.iso"
    for mark in (b"CD001", b"BEA01"):
        disc.write_bytes(bytes(32769) + mark + bytes(100_000))
        assert check(disc, "ISO").virtual_size_bytes == disc.stat().st_size
    for content, words in ((b"<html>", "a web page"), (bytes(100_000), "no ISO image")):
        disc.write_bytes(content)
        with pytest.raises(BadImage, match=words):
            check(disc, "ISO")
    with pytest.raises(BadImage, match="QCOW2"):
        check(qcow2(tmp_path / "b.qcow2"), "ISO")


def test_an_appliance_tells_its_one_disk(tmp_path: Path) -> None:
    archive = tmp_path / "a.ova"
    archive.write_bytes(appliance())
    facts = check(archive, "OVA")
    assert (facts.format, facts.virtual_size_bytes) == ("OVA", CAPACITY_BYTES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"disk": b""}, "not in the archive"),
        ({"ovf": b"<a/>"}, "0 disks"),
        ({"ovf": b"<a"}, "no XML"),
        ({"ovf": b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'}, "entities"),
        ({"ovf": DESCRIPTOR.replace("2^20", "2^90").encode()}, "not understood"),
        ({"ovf": DESCRIPTOR.replace("2^20", "2^49").encode()}, "are allowed"),
        ({"ovf": b""}, "begin with an OVF"),
    ],
    ids=["no disk", "no disks described", "no XML", "entities", "odd unit", "too large", "no descriptor"],
)
def test_an_appliance_that_is_none_is_refused(tmp_path: Path, change: dict, words: str) -> None:
    archive = tmp_path / "a.ova"
    archive.write_bytes(appliance(**change))
    with pytest.raises(BadImage, match=words):
        check(archive, "OVA")
