"""Families of figures, and what reads them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
USUAL_MOST = 1000


class Kind(StrEnum):
    """How figures of a family behave over time."""

    COUNTER = "counter"
    """Only grows; begins at nought again now and then."""
    GAUGE = "gauge"
    """Goes up and down."""
    UNTYPED = "untyped"
    """Not said: for names that the world knows, although by their form they would be those of another kind."""


@dataclass(frozen=True, eq=False)
class Family:
    """Figures of one name, one for each set of label values: a series each.

    ``name`` has small letters, digits and single underscores, and its unit at the end (``coffee_brew_seconds``);
    ``help`` says what is counted. ``labels`` are names; the values that they take must be few, and never secrets.
    ``most`` is how many series may be shown; an operator may allow fewer. Raises ``ValueError`` for what is malformed.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: Kind = Kind.GAUGE
    most: int = USUAL_MOST

    def __post_init__(self) -> None:
        for word in (self.name, *self.labels):
            if not _NAME.fullmatch(word):
                raise ValueError(f"metric {self.name!r}: {word!r} must be small letters, digits and single underscores")
        if not self.help.strip():
            raise ValueError(f"metric {self.name} must say what it is, in help")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"metric {self.name} names a label twice: {', '.join(self.labels)}")
        if self.most < 1:
            raise ValueError(f"metric {self.name}: most must be 1 or more, not {self.most}")
        total = self.name.endswith("_total")
        if self.kind is Kind.COUNTER and not total:
            raise ValueError(f"metric {self.name} is a counter; its name must end in _total")
        if self.kind is Kind.GAUGE and total:
            raise ValueError(f"metric {self.name} is a gauge; only names of counters end in _total")


Sample = tuple[Family, tuple[str, ...], float]
"""A figure: of which family, the label values in the order of its labels, the value."""


@dataclass(frozen=True, eq=False)
class Collector:
    """Reads the figures of some families at once: ``read`` yields samples of them.

    A worker calls it every ``every_s`` seconds at most; never a request. It may ask the database, in few statements,
    with the rows in an order that stays, so that the same ones are shown when there are too many. It should ask no
    external system. One that fails loses its own figures until the next time, and nobody else's.

    Where there may be very many objects, each with one sample of a family at most, ``totals`` says how many samples
    there are of each family. Then reading ends when the first family is full, and all show the same objects.
    """

    name: str
    families: tuple[Family, ...]
    read: Callable[[], Iterable[Sample]] = field(repr=False)
    every_s: float = 60
    totals: Callable[[], Mapping[Family, int]] | None = field(default=None, repr=False)


class Gauge(Collector):
    """One family with a reader of its own, which answers a number, or ``{label values: number}``.

    Where there is one label its value may stand for the tuple: ``{"Brewed": 3}``.
    """

    def __init__(
        self,
        name: str,
        help: str,
        labels: tuple[str, ...] = (),
        *,
        read: Callable[[], float | dict[str, float] | dict[tuple[str, ...], float]],
        most: int = USUAL_MOST,
        every_s: float = 60,
    ) -> None:
        family = Family(name, help, labels, Kind.GAUGE, most)

        def samples() -> Iterable[Sample]:
            answer = read()
            figures = answer if isinstance(answer, dict) else {(): answer}
            for values, figure in figures.items():
                yield family, (values,) if isinstance(values, str) else tuple(map(str, values)), float(figure)

        super().__init__(name, (family,), samples, every_s)
