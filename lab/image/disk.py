"""A bootable disk image without loop devices: partitions, boot loader and file systems written into a plain file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab.image.rootfs import GUEST
from lab.net import CommandFailed, run

MIB = 1 << 20
# First MiB and length in MiB.
BOOT = (1, 24)
ROOT = (25, 70)
TOTAL_MIB = 96
MBR = Path("/usr/lib/syslinux/mbr/mbr.bin")


def write(kernel: Path, initrd: bytes, root: Path, work: Path, target: Path) -> None:
    """Make the qcow2 `target` from a kernel, an initramfs and a root folder, using the folder `work`."""
    raw = work / "disk.raw"
    with raw.open("wb") as handle:
        handle.truncate(TOTAL_MIB * MIB)
    _partition(raw)
    _boot_partition(raw, kernel, initrd, work)
    _root_partition(raw, root)
    fresh = target.with_suffix(".new")
    run("qemu-img", "convert", "-c", "-O", "qcow2", str(raw), str(fresh), timeout_s=120)
    fresh.rename(target)


def _partition(raw: Path) -> None:
    layout = (
        "label: dos\n"
        f"start={BOOT[0]}MiB,size={BOOT[1]}MiB,type=e,bootable\n"
        f"start={ROOT[0]}MiB,size={ROOT[1]}MiB,type=83\n"
    )
    argv = ["sfdisk", "-q", str(raw)]
    answer = subprocess.run(argv, input=layout, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise CommandFailed(f"sfdisk: {answer.stderr.strip()}")


def _boot_partition(raw: Path, kernel: Path, initrd: bytes, work: Path) -> None:
    (work / "vmlinuz").write_bytes(kernel.read_bytes())
    (work / "initrd.img").write_bytes(initrd)
    # mtools reaches into the file at an offset; its own geometry check knows nothing of that.
    os.environ["MTOOLS_SKIP_CHECK"] = "1"
    place = f"{raw}@@{BOOT[0]}M"
    # -h and -s are what syslinux expects of the BIOS; -T counts sectors.
    run("mformat", "-i", place, "-T", str(BOOT[1] * 2048), "-h", "64", "-s", "32", "-v", "TINYBOOT", "::")
    run(
        "mcopy", "-i", place, str(work / "vmlinuz"), str(work / "initrd.img"), str(GUEST / "syslinux.cfg"), "::",
        timeout_s=60,
    )  # fmt: skip
    run("syslinux", "--install", "--offset", str(BOOT[0] * MIB), str(raw), timeout_s=60)
    with raw.open("r+b") as handle:
        handle.write(MBR.read_bytes()[:440])


def _root_partition(raw: Path, root: Path) -> None:
    options = f"offset={ROOT[0] * MIB},root_owner=0:0"
    # The feature of newer mke2fs that older kernels' online resize does not know.
    argv = ["mke2fs", "-q", "-F", "-t", "ext4", "-L", "tinyroot", "-d", str(root), "-E", options]
    run(*argv, "-O", "^metadata_csum_seed", str(raw), f"{ROOT[1]}M", timeout_s=60)
