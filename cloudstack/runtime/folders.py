"""Folders for sockets: the path of a unix socket has 108 bytes at most, data folders may lie deeper."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST_SOCKET_PATH = 107


def near_or_short(directory: Path, longest_name: str) -> Path:
    """Where sockets of ``directory`` live: in it, or in a short private folder if its path is too long."""
    directory = directory.resolve()
    if len(os.fsencode(directory / longest_name)) <= _LONGEST_SOCKET_PATH:
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    base = Path("/run") if os.geteuid() == 0 and os.access("/run", os.W_OK) else Path("/tmp")  # noqa: S108
    return base / f"cloudstack-{os.geteuid()}-{digest}"


def make_private(folder: Path) -> None:
    """Make ``folder`` with mode 700. Raises ``PermissionError`` when somebody else made it before."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.geteuid() or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to another user (uid {found.st_uid}); remove it")
    folder.chmod(0o700)


@contextmanager
def socket_folder(directory: Path, longest_name: str) -> Iterator[Path]:
    """The folder of :func:`near_or_short`, made, and removed at the end if it is not ``directory`` itself."""
    folder = near_or_short(directory, longest_name)
    if folder == directory.resolve():
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    make_private(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
