"""Parameters of one value: text, numbers, flags, moments, identifiers, choices, secrets."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from cloudstack.api.dates import parse_date
from cloudstack.api.identifiers import BadValue, canonical_uuid
from cloudstack.api.params.arguments import as_text
from cloudstack.api.params.base import Param
from cloudstack.framework.secrets import Secret as SecretValue

T = TypeVar("T")


class Str(Param[str]):
    """Text. Sent empty it is an empty text, unless required."""

    empty_is_missing = False

    def cast(self, text: str) -> str:
        return text


class Secret(Param[SecretValue]):
    """A password or key; the command gets a :class:`cloudstack.framework.secrets.Secret`."""

    secret = True

    def cast(self, text: str) -> SecretValue:
        return SecretValue(text)

    def to_wire(self, value: Any) -> Mapping[str, str]:
        return {self.wire: value.reveal() if isinstance(value, SecretValue) else str(value)}


class Flag(Param[bool]):
    """``true`` in any case is true, everything else is false."""

    type_name = "boolean"
    empty_is_missing = False

    def cast(self, text: str) -> bool:
        return text.lower() == "true"

    def to_wire(self, value: Any) -> Mapping[str, str]:
        return {self.wire: as_text(bool(value))}


class _Number(Param[T]):
    lowest: Any
    highest: Any

    def __init__(self, wire: str = "", *, minimum: Any = None, maximum: Any = None, **options: Any):
        """``minimum`` and ``maximum`` are inclusive and narrow what the type allows."""
        super().__init__(wire, **options)
        self.minimum = self.lowest if minimum is None else minimum
        self.maximum = self.highest if maximum is None else maximum

    def within(self, number: Any) -> Any:
        if not self.minimum <= number <= self.maximum:
            raise BadValue(self.expected())
        return number

    def expected(self) -> str:
        return f"a whole number from {self.minimum} to {self.maximum} is expected"


class Int(_Number[int]):
    """A whole number of 32 bits."""

    type_name = "integer"
    lowest, highest = -(2**31), 2**31 - 1

    def cast(self, text: str) -> int:
        text = text.strip()
        # int() would also take "1_000", and digits of other scripts.
        if len(text) > 20 or not (text.isascii() and text.removeprefix("-").removeprefix("+").isdigit()):
            raise BadValue(self.expected())
        try:
            return int(self.within(int(text)))
        except ValueError:
            raise BadValue(self.expected()) from None


class Long(Int):
    """A whole number of 64 bits."""

    type_name = "long"
    lowest, highest = -(2**63), 2**63 - 1


class Float(_Number[float]):
    """A decimal number; neither infinite nor "not a number"."""

    type_name = "double"
    lowest, highest = -1.7e308, 1.7e308

    def cast(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise BadValue(self.expected()) from None
        if not text.isascii() or "_" in text or not math.isfinite(number):
            raise BadValue(self.expected())
        return float(self.within(number))

    def expected(self) -> str:
        if (self.minimum, self.maximum) == (self.lowest, self.highest):
            return "a decimal number is expected"
        return f"a decimal number from {self.minimum} to {self.maximum} is expected"


class Date(Param[datetime]):
    """A moment with its time zone; a bare day is its first second, or its last with ``end_of_day``."""

    type_name = "date"

    def __init__(self, wire: str = "", *, end_of_day: bool | None = None, **options: Any):
        super().__init__(wire, **options)
        self.end_of_day = end_of_day

    def __set_name__(self, owner: type, name: str) -> None:
        super().__set_name__(owner, name)
        if self.end_of_day is None:
            self.end_of_day = self.key == "enddate"

    def cast(self, text: str) -> datetime:
        try:
            return parse_date(text, end_of_day=bool(self.end_of_day))
        except ValueError:
            raise BadValue(
                "a date such as 2026-11-23, 2026-11-23 08:00:00 or 2026-11-23T08:00:00+0000 is expected"
            ) from None

    def to_wire(self, value: Any) -> Mapping[str, str]:
        return {self.wire: as_text(value)}


class Uuid(Param[str]):
    """An identifier that is not resolved; the command gets it in canonical form. ``also``: other texts let through."""

    type_name = "uuid"

    def __init__(self, wire: str = "", *, also: Iterable[str] = (), **options: Any):
        super().__init__(wire, **options)
        self.also = frozenset(also)

    def cast(self, text: str) -> str:
        return text if text in self.also else canonical_uuid(text)


class Choice(Param[str]):
    """One of a fixed set, compared without regard to case; the command gets the declared spelling."""

    def __init__(self, wire: str = "", choices: Any = (), **options: Any):
        """``choices``: texts, or a ``TextChoices`` or ``Enum`` class whose values are texts."""
        super().__init__(wire, **options)
        if isinstance(choices, type) and issubclass(choices, Enum):
            choices = [member.value for member in choices]
        self.choices = tuple(str(choice) for choice in choices)
        self._by_key = {choice.lower(): choice for choice in self.choices}

    def cast(self, text: str) -> str:
        try:
            return self._by_key[text.strip().lower()]
        except KeyError:
            raise BadValue(f"one of {', '.join(self.choices)} is expected") from None
