"""Prometheus' text format, version 0.0.4: written, and packed while it is written."""

import zlib
from collections.abc import Iterable, Iterator

from cloudstack.plugin.metrics import Family

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LINES_AT_ONCE = 2000
_SPECIAL = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_SPECIAL_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})


def head(family: Family) -> str:
    """The two lines that stand before the figures of a family."""
    return f"# HELP {family.name} {family.help.translate(_SPECIAL_IN_HELP)}\n# TYPE {family.name} {family.kind.value}\n"


class Lines:
    """Writes the figures of a family, a line each. Prometheus' numbers are Go's; Python writes them alike."""

    def __init__(self, family: Family):
        labels = ",".join(f'{name}="%s"' for name in family.labels)
        self._form = f"{family.name}{{{labels}}} %s\n" if labels else f"{family.name} %s\n"
        self._quotes = 2 * len(family.labels)

    def write(self, values: tuple[str, ...], figure: float) -> str:
        """Raises ``TypeError`` when there are more or fewer values than labels."""
        text = self._form % (*values, figure)
        # There may be millions: what almost no value has is looked for once in the whole line.
        if text.count('"') != self._quotes or "\\" in text or text.count("\n") != 1:
            text = self._form % (*(value.translate(_SPECIAL) for value in values), figure)
        return text


class Packed:
    """The text of one family as a gzip member. Members one after the other are a gzip file again.

    So a scrape joins what lies ready, and neither unpacks nor packs anything.
    """

    def __init__(self, family: Family, most: int):
        self._write, self._most = Lines(family).write, most
        # 31: a gzip header; level 1: half the time of the usual 6 for text that is much alike anyway.
        self._deflate = zlib.compressobj(1, zlib.DEFLATED, 31)
        self._lines = [head(family)]
        self._parts: list[bytes] = []
        self.series = 0
        self.cut = 0
        """Series beyond ``most``, which are not in the text."""

    def add(self, values: tuple[str, ...], figure: float) -> bool:
        """Answers whether there was room for it."""
        if self.series >= self._most:
            self.cut += 1
            return False
        self.series += 1
        self._lines.append(self._write(values, figure))
        if len(self._lines) >= _LINES_AT_ONCE:
            self._pack()
        return True

    def _pack(self) -> None:
        self._parts.append(self._deflate.compress("".join(self._lines).encode()))
        self._lines.clear()

    def finish(self) -> bytes:
        self._pack()
        return b"".join((*self._parts, self._deflate.flush()))


def unpacked(members: Iterable[bytes]) -> Iterator[bytes]:
    """The text of gzip members, one after the other."""
    return (zlib.decompress(member, 31) for member in members)
