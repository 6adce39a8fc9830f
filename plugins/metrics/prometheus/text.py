"""Prometheus' text format, version 0.0.4: written, and packed while it is written."""

import zlib
from collections.abc import Iterable

from cloudstack.plugin.metrics import Family

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LINES_AT_ONCE = 2000
_SPECIAL = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_SPECIAL_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})


def head(family: Family) -> str:
    """The two lines that stand before the figures of a family."""
    return f"# HELP {family.name} {family.help.translate(_SPECIAL_IN_HELP)}\n# TYPE {family.name} {family.kind.value}\n"


def line(family: Family, values: Iterable[str], figure: float) -> str:
    """One figure. Prometheus' numbers are Go's; Python writes them alike."""
    number = f"{figure:.17g}" if isinstance(figure, float) else str(figure)
    if not family.labels:
        return f"{family.name} {number}\n"
    labels = ",".join(
        f'{name}="{value.translate(_SPECIAL) if not value.isalnum() else value}"'
        for name, value in zip(family.labels, values, strict=True)
    )
    return f"{family.name}{{{labels}}} {number}\n"


class Packed:
    """The text of one family as a gzip member. Members one after the other are a gzip file again.

    So a scrape joins what lies ready, and neither unpacks nor packs anything.
    """

    def __init__(self, family: Family, most: int):
        self._family, self._most = family, most
        # 31: a gzip header; level 1: half the time of the usual 6 for text that is much alike anyway.
        self._deflate = zlib.compressobj(1, zlib.DEFLATED, 31)
        self._lines = [head(family)]
        self._parts: list[bytes] = []
        self.series = 0
        self.cut = 0
        """Series beyond ``most``, which are not in the text."""

    def add(self, values: tuple[str, ...], figure: float) -> None:
        if self.series >= self._most:
            self.cut += 1
            return
        self.series += 1
        self._lines.append(line(self._family, values, figure))
        if len(self._lines) >= _LINES_AT_ONCE:
            self._pack()

    def _pack(self) -> None:
        self._parts.append(self._deflate.compress("".join(self._lines).encode()))
        self._lines.clear()

    def finish(self) -> bytes:
        self._pack()
        return b"".join((*self._parts, self._deflate.flush()))


def unpacked(members: bytes) -> Iterable[bytes]:
    """The text of joined gzip members, piece by piece."""
    while members:
        inflate = zlib.decompressobj(31)
        yield inflate.decompress(members)
        members = inflate.unused_data
