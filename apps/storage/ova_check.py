"""Is this archive a virtual appliance with one disk? Nothing of it is unpacked."""

import tarfile
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, fromstring

from cloudstack.framework.errors import InvalidParameter

MAX_DESCRIPTOR_BYTES = 4 << 20
MAX_MEMBERS = 100
OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"
MAX_UNIT_POWER = 50


class BadArchive(InvalidParameter):
    """The file is not a usable appliance."""


def disk_of_archive(path: Path) -> int:
    """Size in bytes of the one disk that an OVA describes and holds. Raises ``BadArchive`` with the reason."""
    try:
        with tarfile.open(path, mode="r:") as archive:
            members: list[tarfile.TarInfo] = []
            while (member := archive.next()) is not None:
                if not member.isfile() or "/" in member.name or len(members) == MAX_MEMBERS:
                    raise BadArchive(f"the archive holds {member.name[:80]!r}; only plain files may be in an OVA")
                members.append(member)
            if not members or not members[0].name.endswith(".ovf"):
                raise BadArchive("the archive does not begin with an OVF descriptor")
            if members[0].size > MAX_DESCRIPTOR_BYTES:
                raise BadArchive(f"the OVF descriptor has {members[0].size} bytes")
            file = archive.extractfile(members[0])
            envelope = _parse(file.read() if file is not None else b"")
    except tarfile.TarError as error:
        raise BadArchive(f"the file is no OVA: {error}") from None
    return _disk_in(envelope, {member.name for member in members})


def _parse(content: bytes) -> Element:
    # A descriptor needs no declarations, and those are what harms readers of XML.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise BadArchive("the OVF descriptor declares entities")
    try:
        return fromstring(content)  # noqa: S314
    except ParseError as error:
        raise BadArchive(f"the OVF descriptor is no XML: {error}") from None


def _disk_in(envelope: Element, names: set[str]) -> int:
    disks = envelope.findall(f"./{OVF}DiskSection/{OVF}Disk")
    if len(disks) != 1:
        raise BadArchive(f"the appliance has {len(disks)} disks; a template has one")
    disk = disks[0]
    files = {one.get(f"{OVF}id"): one for one in envelope.findall(f"./{OVF}References/{OVF}File")}
    file = files.get(disk.get(f"{OVF}fileRef"))
    name = file.get(f"{OVF}href", "") if file is not None else ""
    if file is None or name not in names or file.get(f"{OVF}compression", "identity") != "identity":
        raise BadArchive(f"the disk {name[:80]!r} of the appliance is not in the archive as it is")
    return _bytes(disk.get(f"{OVF}capacity", ""), disk.get(f"{OVF}capacityAllocationUnits", "byte"))


def _bytes(capacity: str, units: str) -> int:
    """``byte * 2^30`` is how OVF writes a unit."""
    factor = 1
    words = units.replace(" ", "").split("*")
    try:
        if words[0] != "byte" or len(words) > 2:
            raise ValueError(units)
        if len(words) == 2:
            base, _, power = words[1].partition("^")
            exponent = int(power or 1)
            if int(base) not in (2, 10, 1024) or not 0 <= exponent <= MAX_UNIT_POWER:
                raise ValueError(units)
            factor = int(base) ** exponent
        size = int(capacity) * factor
    except ValueError:
        raise BadArchive(f"the size {capacity[:40]!r} ({units[:40]!r}) of the disk is not understood") from None
    if size <= 0:
        raise BadArchive("the appliance describes an empty disk")
    return size
