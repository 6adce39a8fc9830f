"""The guest image: a Linux small enough to boot in seconds under emulation.

Debian's cloud kernel, busybox, dropbear and the QEMU guest agent on a 96 MiB disk; what it does is in `lab/guest`.
Built once for each version of its recipe and kept in the cache; a new one needs root, because the files in it must
belong to root.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from lab.checks import extend_path
from lab.image import debs, disk, kernel, rootfs
from lab.net import CommandFailed

NAME = "tiny.qcow2"
TOOLS = {
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "depmod": "kmod",
    "sfdisk": "fdisk",
    "mformat": "mtools",
    "syslinux": "syslinux",
    "mke2fs": "e2fsprogs",
    "qemu-img": "qemu-utils",
}


def cache_folder() -> Path:
    """Where packages and finished images are kept, shared by all labs of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cloudstack" / "guest-image"


def ensure(target: Path, *, say: Callable[[str], None] = print) -> Path:
    """Have the image at `target`, building it when no cached one fits the recipe."""
    stamp = target.with_suffix(".json")
    recipe = recipe_digest()
    if target.exists() and _recipe_of(stamp) == recipe:
        return target
    cached = cache_folder() / recipe / NAME
    with _locked(cache_folder()):
        if not cached.exists():
            _build(cached, say)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    shutil.copyfile(cached, fresh)
    fresh.rename(target)
    stamp.write_text(json.dumps({"recipe": recipe, "size_bytes": target.stat().st_size}))
    return target


def problems() -> list[str]:
    """Why an image cannot be built here, one sentence each."""
    extend_path()
    found = []
    if os.geteuid() != 0:
        found.append("the guest image is built as root: its files must belong to root")
    lacking = {tool: package for tool, package in TOOLS.items() if not shutil.which(tool)}
    if lacking:
        packages = " ".join(sorted(set(lacking.values())))
        found.append(f"{', '.join(lacking)} not found: apt-get install --no-install-recommends {packages}")
    if not disk.MBR.exists():
        found.append(f"{disk.MBR} not found: apt-get install --no-install-recommends syslinux-common")
    return found


def recipe_digest() -> str:
    """A name for everything in this repository that decides what the image is."""
    here = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted([*here.glob("*.py"), *rootfs.GUEST.iterdir()]):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _build(target: Path, say: Callable[[str], None]) -> None:
    lacking = problems()
    if lacking:
        raise CommandFailed("; ".join(lacking))
    say("building the guest image")
    files = debs.fetch(debs.resolve(), cache_folder() / "packages")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cloudstack-image-") as name:
        work = Path(name)
        tree, root = work / "packages", work / "root"
        tree.mkdir()
        root.mkdir(mode=0o755)
        debs.unpack(files, tree)
        chosen = kernel.choose(tree)
        rootfs.build(tree, chosen, root)
        disk.write(chosen.image, rootfs.initramfs(tree, chosen), root, work, target)
    say(f"guest image built: {target.stat().st_size / 1e6:.1f} MB from {len(files)} packages")


def _recipe_of(stamp: Path) -> str:
    try:
        return str(json.loads(stamp.read_text())["recipe"])
    except (OSError, ValueError, KeyError):
        return ""


class _locked:
    """One builder at a time for a cache."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._handle = (folder / "lock").open("w")

    def __enter__(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._handle.close()
