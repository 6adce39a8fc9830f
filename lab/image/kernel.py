"""The guest's kernel modules: which, with what they depend on, in loading order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.net import run

# Before the root disk can be read.
EARLY = ("virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod", "crc32c_intel", "ext4")
# After it: cards, CD, seed on FAT, power button, guest agent's port.
LATE = (
    "virtio_net",
    "virtio_balloon",
    "virtio_console",
    "virtio_rng",
    "ata_piix",
    "ahci",
    "sr_mod",
    "isofs",
    "vfat",
    "nls_cp437",
    "nls_ascii",
    "button",
    "evdev",
    "e1000",
)


@dataclass(frozen=True)
class Kernel:
    """A kernel and the modules chosen from it, as paths in loading order."""

    image: Path
    early: list[Path]
    late: list[Path]


def choose(tree: Path) -> Kernel:
    """Take the kernel that was unpacked into `tree`."""
    folder = next((tree / "lib" / "modules").iterdir())
    run("depmod", "-b", str(tree), folder.name, timeout_s=60)
    needs = _dependencies(folder)
    early = _closure(EARLY, needs)
    late = [path for path in _closure(LATE, needs) if path not in early]
    image = tree / "boot" / f"vmlinuz-{folder.name}"
    return Kernel(image, [folder / path for path in early], [folder / path for path in late])


def _dependencies(folder: Path) -> dict[str, list[str]]:
    """Module name -> its path and the paths that it needs, from depmod's table."""
    table = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, needed = line.partition(":")
        table[_name(path)] = [path, *needed.split()]
    return table


def _closure(names: tuple[str, ...], needs: dict[str, list[str]]) -> list[str]:
    """Paths in loading order. A name that is built into the kernel, or unknown to it, is left out."""
    ordered: list[str] = []

    def add(name: str) -> None:
        path, *needed = needs[name]
        for other in reversed(needed):
            add(_name(other))
        if path not in ordered:
            ordered.append(path)

    for name in names:
        if name in needs:
            add(name)
    return ordered


def _name(path: str) -> str:
    return Path(path).name.removesuffix(".ko").replace("-", "_")
