"""Figures in words of people."""

from collections.abc import Callable, Sequence
from enum import StrEnum


class Unit(StrEnum):
    """What the values of a chart count."""

    COUNT = "count"
    PERCENT = "percent"
    BYTES = "bytes"
    BYTES_PER_S = "bytes/s"
    BITS_PER_S = "bit/s"
    PER_S = "/s"


BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
DECIMAL = ("", "k", "M", "G", "T", "P")


def _scaled(value: float, base: int, names: Sequence[str]) -> tuple[str, str]:
    place = 0
    while abs(value) >= base and place < len(names) - 1:
        value, place = value / base, place + 1
    return _short(value), names[place]


def _short(value: float) -> str:
    """Three figures that say something: 0.25, 7.5, 1,234."""
    for limit, places in ((10, 2), (100, 1)):
        if abs(value) < limit:
            text = f"{value:.{places}f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:,.0f}"


def _binary(ending: str) -> Callable[[float], str]:
    return lambda value: "{} {}".format(*_scaled(value, 1024, BINARY)) + ending


def _bits(value: float) -> str:
    figure, name = _scaled(value, 1000, DECIMAL)
    return f"{figure} {name}bit/s"


_WORDED: dict[Unit, Callable[[float], str]] = {
    Unit.COUNT: _short,
    Unit.PERCENT: lambda value: f"{_short(value)} %",
    Unit.BYTES: _binary(""),
    Unit.BYTES_PER_S: _binary("/s"),
    Unit.BITS_PER_S: _bits,
    Unit.PER_S: lambda value: f"{_short(value)}/s",
}


def worded(value: float | None, unit: Unit) -> str:
    """``1.5 GiB``, ``3.2 Mbit/s``, ``12 %``; a dash for what is not known."""
    return "–" if value is None else _WORDED[unit](value)
