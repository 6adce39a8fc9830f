"""The driver: one file a template, named by its UUID, complete or not there at all."""

import errno
import os
import shutil
import tempfile
import uuid as uuids
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from cloudstack.contracts.errors import DriverError, DriverUnavailable, InvalidSpec, NotFound
from cloudstack.contracts.storage import ImageFacts, ImageStoreRef, PoolFacts

CHUNK = 4 << 20


class DirectoryStore:
    """Images below ``file:///some/directory``. A path is only ever made from the root and a canonical UUID."""

    def __init__(self, store: ImageStoreRef):
        self.store = store
        self.root = root_of(store.url)

    def fetch(self, uuid: str, url: str) -> ImageFacts | None:
        """A directory fetches nothing by itself: the core downloads, checks and puts."""
        return None

    def put(self, uuid: str, source: Path) -> None:
        """Copy ``source`` in; it appears under its name only when all of it is on the disk."""
        target = self._path(uuid)
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o750)
            with tempfile.NamedTemporaryFile(
                dir=self.root, prefix=f".{target.name}.", suffix=".part", delete=False
            ) as part:
                try:
                    with source.open("rb") as image:
                        shutil.copyfileobj(image, part, CHUNK)
                    part.flush()
                    os.fsync(part.fileno())
                    os.replace(part.name, target)
                except BaseException:
                    Path(part.name).unlink(missing_ok=True)
                    raise
            self._sync_root()
        except OSError as error:
            raise self._failure("cannot keep a template", error) from error

    def open(self, uuid: str) -> BinaryIO:
        path = self._path(uuid)
        try:
            return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
        except FileNotFoundError:
            raise NotFound(f"image store {self.store.name} has no template {uuid}") from None
        except OSError as error:
            raise self._failure("cannot read a template", error) from error

    def exists(self, uuid: str) -> bool:
        return self._path(uuid).is_file()

    def delete(self, uuid: str) -> None:
        """Remove the template and whatever broken-off copies left of it; absent is fine."""
        path = self._path(uuid)
        try:
            for leftover in (path, *self.root.glob(f".{path.name}.*.part")):
                leftover.unlink(missing_ok=True)
        except OSError as error:
            raise self._failure("cannot delete a template", error) from error

    def capacity(self) -> PoolFacts:
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o750)
            usage = shutil.disk_usage(self.root)
        except OSError as error:
            raise self._failure("cannot be read", error) from error
        return PoolFacts(capacity_bytes=usage.total, available_bytes=usage.free)

    def _path(self, uuid: str) -> Path:
        try:
            canonical = str(uuids.UUID(uuid))
        except (ValueError, AttributeError, TypeError):
            canonical = ""
        if not canonical or canonical != uuid:
            raise InvalidSpec(f"{uuid!r} is not a template's UUID")
        return self.root / canonical

    def _sync_root(self) -> None:
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _failure(self, what: str, error: OSError) -> DriverError:
        words = f"image store {self.store.name} {what}: {error.strerror or error}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
            return DriverError(words)
        return DriverUnavailable(words)


def root_of(url: str) -> Path:
    """The directory that ``url`` names. Raises ``InvalidSpec`` for anything but an absolute, plain path."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    plain = parts.scheme == "file" and not parts.netloc and not parts.query and not parts.fragment
    if not plain or not path.startswith("/") or ".." in path.split("/") or "\0" in path or path.strip("/") == "":
        raise InvalidSpec(f"{url!r} is not a directory; write file:///path/of/the/directory")
    return Path(path)
