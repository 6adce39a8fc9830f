"""A template's archive, read once from its beginning to its end: the descriptor first, then the disks."""

import tarfile
from collections.abc import Iterator
from typing import IO, BinaryIO
from xml.etree.ElementTree import ParseError, fromstring

from cloudstack.contracts.errors import DriverError, InvalidSpec

MAX_DESCRIPTOR_BYTES = 4 << 20
OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"


class Archive:
    """An OVA as a stream. ``descriptor`` is there at once, :meth:`files` gives what follows it."""

    def __init__(self, source: BinaryIO, name: str):
        self.name = name
        try:
            self._tar = tarfile.open(fileobj=source, mode="r|")
            first = self._tar.next()
            if first is None or not first.isfile() or not first.name.endswith(".ovf"):
                raise InvalidSpec(f"template {name}: the archive does not begin with an OVF descriptor")
            if first.size > MAX_DESCRIPTOR_BYTES:
                raise InvalidSpec(f"template {name}: a descriptor of {first.size} bytes")
            file = self._tar.extractfile(first)
            self.descriptor = file.read().decode() if file is not None else ""
            if "<!DOCTYPE" in self.descriptor or "<!ENTITY" in self.descriptor:
                raise InvalidSpec(f"template {name}: its descriptor declares entities, which no OVF needs")
            disks = fromstring(self.descriptor).findall(f"./{OVF}DiskSection/{OVF}Disk")  # noqa: S314
        except (tarfile.TarError, UnicodeDecodeError, ParseError) as error:
            raise InvalidSpec(f"template {name} is no OVA: {error}") from error
        except OSError as error:
            raise _broken(name, error) from error
        if len(disks) != 1:
            raise InvalidSpec(f"template {name} has {len(disks)} disks; a template has one")

    def files(self) -> Iterator[tuple[str, int, IO[bytes]]]:
        """Name, size and content of each further file; each must be read before the next is asked for."""
        try:
            while (member := self._tar.next()) is not None:
                file = self._tar.extractfile(member) if member.isfile() else None
                if file is not None:
                    yield member.name, member.size, file
        except tarfile.TarError as error:
            raise InvalidSpec(f"template {self.name} is no OVA: {error}") from error
        except OSError as error:
            raise _broken(self.name, error) from error


def _broken(name: str, error: OSError) -> DriverError:
    return DriverError(f"template {name}: its file cannot be read: {error}", retryable=True)
