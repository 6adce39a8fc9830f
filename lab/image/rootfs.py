"""The guest's files: initramfs and root folder, made of unpacked packages and the scripts in `lab/guest`."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from lab.image.cpio import Archive
from lab.image.kernel import Kernel
from lab.net import CommandFailed, run

GUEST = Path(__file__).resolve().parent.parent / "guest"
FOLDERS = (
    "bin sbin dev proc sys run tmp mnt www root/.ssh etc/dropbear etc/acpi/PWRF lib/modules lib64 "
    "usr/bin usr/sbin var/lib var/log"
).split()
# Program in the packages -> place in the guest; busybox is linked statically and comes apart from these.
PROGRAMS = {
    "usr/sbin/dropbear": "usr/sbin/dropbear",
    "usr/bin/dropbearkey": "usr/bin/dropbearkey",
    "usr/sbin/qemu-ga": "usr/sbin/qemu-ga",
    "sbin/resize2fs": "usr/sbin/resize2fs",
}
SCRIPTS = ("rc", "nics", "dhcp", "power")
TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\n",
    "etc/shells": "/bin/sh\n",
    "etc/profile": "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n",
    "etc/os-release": 'NAME="tiny"\nID=tiny\nVERSION_ID=1\nPRETTY_NAME="tiny test guest"\n',
    # busybox acpid runs the file that is named after the event it was sent.
    "etc/acpi/PWRF/00000080": "#!/bin/sh\nexec /etc/power\n",
}


def initramfs(tree: Path, kernel: Kernel) -> bytes:
    """Compressed archive with busybox, the disk drivers and the first program."""
    archive = Archive()
    for name in ("bin", "dev", "proc", "sys", "mnt", "lib", "lib/modules"):
        archive.folder(name)
    archive.character_device("dev/console", 5, 1)
    archive.file("bin/busybox", (tree / "bin/busybox").read_bytes(), mode=0o755)
    archive.link("bin/sh", "busybox")
    for module in kernel.early:
        archive.file(f"lib/modules/{module.name}", module.read_bytes())
    archive.file("lib/modules/order", "".join(f"{module.name}\n" for module in kernel.early).encode())
    archive.file("init", (GUEST / "initramfs-init").read_bytes(), mode=0o755)
    return archive.compressed()


def build(tree: Path, kernel: Kernel, root: Path) -> None:
    """Fill the empty folder `root` with the guest's root file system."""
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    _busybox(tree, root)
    for source, target in PROGRAMS.items():
        _program(tree, source, root, target)
    for module in kernel.late:
        shutil.copy(module, root / "lib/modules")
    (root / "lib/modules/order").write_text("".join(f"{module.name}\n" for module in kernel.late))
    for script in SCRIPTS:
        shutil.copy(GUEST / script, root / "etc" / script)
        (root / "etc" / script).chmod(0o755)
    shutil.copy(GUEST / "inittab", root / "etc/inittab")
    for name, text in TEXTS.items():
        (root / name).write_text(text)
    (root / "etc/acpi/PWRF/00000080").chmod(0o755)
    (root / "etc/shadow").chmod(0o600)
    (root / "root").chmod(0o700)
    (root / "root/.ssh").chmod(0o700)


def _busybox(tree: Path, root: Path) -> None:
    shutil.copy(tree / "bin/busybox", root / "bin/busybox")
    applets = run(str(tree / "bin/busybox"), "--list").split()
    for applet in applets:
        if applet != "busybox":
            os.symlink("/bin/busybox", root / "bin" / applet)
    for name in ("init", "getty", "reboot", "poweroff", "halt"):
        os.symlink("/bin/busybox", root / "sbin" / name)


def _program(tree: Path, source: str, root: Path, target: str) -> None:
    """Copy a program and the libraries that its own loader finds in `tree`."""
    shutil.copy(tree / source, root / target)
    loader = next(path for path in tree.glob("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"))
    folders = ":".join(str(tree / name / "x86_64-linux-gnu") for name in ("lib", "usr/lib"))
    listing = run(str(loader), "--library-path", folders, "--list", str(tree / source))
    if "not found" in listing:
        raise CommandFailed(f"libraries of {source} are not in the packages: {listing}")
    for path in re.findall(r"=> (/\S+) \(", listing):
        _library(Path(path), root)
    _library(loader, root)
    if not (root / "lib64" / loader.name).exists():
        os.symlink(f"/lib/x86_64-linux-gnu/{loader.name}", root / "lib64" / loader.name)


def _library(path: Path, root: Path) -> None:
    place = root / "lib/x86_64-linux-gnu" / path.name
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path.resolve(), place)
