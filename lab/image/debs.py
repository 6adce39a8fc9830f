"""Debian packages as raw material: found and fetched by apt, unpacked, never installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lab.net import CommandFailed, run

KERNEL = "linux-image-cloud-amd64"
PROGRAMS = ("busybox-static", "dropbear-bin", "qemu-guest-agent", "e2fsprogs")
_QUIET = ("--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances")


def resolve() -> list[str]:
    """Names of the packages that the image is made of: kernel, programs and the libraries these need."""
    if not _known(KERNEL) and os.geteuid() == 0:
        run("apt-get", "-qq", "update", timeout_s=120)
    if not _known(KERNEL):
        raise CommandFailed(
            f"apt knows no package {KERNEL}: the guest image is made from Debian's; run apt-get update, or add a "
            "Debian source"
        )
    kernel = next(name for name in _depends(KERNEL) if name.startswith("linux-image-") and name != KERNEL)
    found, fresh = {kernel, *PROGRAMS}, set(PROGRAMS)
    while fresh:
        # Libraries only: e2fsprogs' logsave or libc6's debconf are of no use to so small a system.
        fresh = {name for name in _depends(*sorted(fresh)) if name.startswith(("lib", "zlib1g"))} - found
        found |= fresh
    return sorted(found)


def fetch(names: list[str], cache: Path) -> list[Path]:
    """Files of the packages in `cache`, downloaded as far as they are missing."""
    cache.mkdir(parents=True, exist_ok=True)
    wanted = {_file_name(line): line for line in _uris(names)}
    lacking = [file for file in wanted if not (cache / file).exists()]
    if lacking:
        packages = [file.split("_")[0] for file in lacking]
        argv = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *packages]
        answer = subprocess.run(argv, cwd=cache, capture_output=True, text=True, check=False, timeout=300)
        if answer.returncode != 0:
            raise CommandFailed(f"apt-get download {' '.join(packages)}: {answer.stderr.strip()}")
    return [cache / file for file in wanted]


def unpack(files: list[Path], target: Path) -> None:
    """Spread the contents of the packages over one tree."""
    for file in files:
        run("dpkg-deb", "-x", str(file), str(target), timeout_s=120)


def _known(name: str) -> bool:
    answer = subprocess.run(["apt-cache", "show", "--no-all-versions", name], capture_output=True, check=False)
    return answer.returncode == 0


def _depends(*args: str) -> list[str]:
    """Package names in the answer of apt-cache depends: those asked for, and what they need."""
    lines = run("apt-cache", "depends", *_QUIET, *args).splitlines()
    words = [line.replace("|", " ").split() for line in lines]
    return [entry[-1] for entry in words if entry and not entry[-1].startswith("<")]


def _uris(names: list[str]) -> list[str]:
    return [line for line in run("apt-get", "download", "--print-uris", *names).splitlines() if line.startswith("'")]


def _file_name(uri_line: str) -> str:
    return uri_line.split()[1]
