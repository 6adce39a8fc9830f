"""The secrets of an installation: made at the first start, kept in ``$CLOUDSTACK_DATA/secrets`` with mode 600."""

import os
import secrets as random_secrets
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

_ALPHABET_BYTES = 48


@dataclass(frozen=True)
class Secrets:
    """What signs sessions and what encrypts fields. ``repr`` shows neither."""

    secret_key: str = field(repr=False)
    encryption_key: str = field(repr=False)


def load_or_create(data_dir: str | os.PathLike[str]) -> Secrets:
    """The secrets of the installation in ``data_dir``, made there if this is its first start.

    The environment wins: ``CLOUDSTACK_SECRET_KEY`` and ``CLOUDSTACK_ENCRYPTION_KEY``. Processes that start together
    get the same values. Raises ``PermissionError`` when a secret file can be read by others.
    """
    return Secrets(
        secret_key=os.environ.get("CLOUDSTACK_SECRET_KEY") or named_secret(data_dir, "secret_key"),
        encryption_key=os.environ.get("CLOUDSTACK_ENCRYPTION_KEY") or named_secret(data_dir, "encryption_key"),
    )


def named_secret(data_dir: str | os.PathLike[str], name: str) -> str:
    """The text of one secret, made at random (384 bits, URL-safe) if it does not exist yet."""
    path = Path(data_dir) / "secrets" / name
    try:
        return _read(path)
    except FileNotFoundError:
        return _create(path, random_secrets.token_urlsafe(_ALPHABET_BYTES))


def _read(path: Path) -> str:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise PermissionError(f"{path} has mode {mode:o}: others can read this secret; set it to 600")
    text = path.read_text().strip()
    if not text:
        raise ValueError(f"{path} is empty; restore it from a backup, or remove it to have a new secret made")
    return text


def _create(path: Path, text: str) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp gives mode 600. The link either makes the complete file appear or fails because another process won.
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(scratch, path)
        except FileExistsError:
            return _read(path)
    finally:
        os.unlink(scratch)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return text
