"""Frozen dataclasses as JSON objects and back, strictly: no key too many, none missing, no value of another type.

Supported field types: ``str``, ``int``, ``float``, ``bool``, ``X | None``, ``tuple[X, ...]`` and such dataclasses.
Whatever does not fit raises :class:`cloudstack.contracts.errors.InvalidSpec` with the place and the value.
"""

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from cloudstack.contracts.errors import InvalidSpec

T = TypeVar("T")
_LONGEST_SHOWN = 80


def shown(value: object) -> str:
    """``repr`` of a foreign value, cut so that a message stays a message."""
    words = repr(value)
    return words if len(words) <= _LONGEST_SHOWN else words[:_LONGEST_SHOWN] + "…"


def dump(instance: Any) -> dict[str, Any]:
    """The JSON object of a dataclass."""
    return {f.name: _plain(getattr(instance, f.name)) for f in dataclasses.fields(instance)}


def load(cls: type[T], payload: object) -> T:
    """The dataclass of a JSON object."""
    return typing.cast(T, _record(cls, payload, cls.__name__))


def check(instance: Any) -> None:
    """Raise ``InvalidSpec`` when a field holds a value of another type than declared."""
    hints = _hints(type(instance))  # type: ignore[arg-type]  # classes are hashable
    for name, hint in hints.items():
        _typed(hint, getattr(instance, name), f"{type(instance).__name__}.{name}", from_json=False)


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return dump(value)
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


def _record(cls: Any, payload: object, place: str) -> Any:
    if not isinstance(payload, Mapping):
        raise InvalidSpec(f"{place}: an object is wanted, not {shown(payload)}")
    hints = _hints(cls)
    unknown = [key for key in payload if key not in hints]
    if unknown:
        raise InvalidSpec(f"{place}: unknown {shown(unknown[0])}; there are {', '.join(hints) or 'no fields'}")
    required = [f.name for f in dataclasses.fields(cls) if f.default is f.default_factory is dataclasses.MISSING]
    missing = [name for name in required if name not in payload]
    if missing:
        raise InvalidSpec(f"{place}: {missing[0]} is missing")
    values = {key: _typed(hints[key], value, f"{place}.{key}", from_json=True) for key, value in payload.items()}
    return cls(**values)


def _typed(hint: Any, value: Any, place: str, *, from_json: bool) -> Any:
    """``value`` if it is what ``hint`` says; JSON's lists become tuples and its objects dataclasses on the way."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        hint = next(entry for entry in typing.get_args(hint) if entry is not types.NoneType)
        return _typed(hint, value, place, from_json=from_json)
    if origin is tuple:
        if not isinstance(value, list if from_json else tuple):
            raise InvalidSpec(f"{place}: a list is wanted, not {shown(value)}")
        inner = typing.get_args(hint)[0]
        entries = enumerate(value)
        return tuple(_typed(inner, entry, f"{place}[{number}]", from_json=from_json) for number, entry in entries)
    if dataclasses.is_dataclass(hint):
        if from_json:
            return _record(hint, value, place)
        if type(value) is not hint:
            raise InvalidSpec(f"{place}: {getattr(hint, '__name__', hint)} is wanted, not {shown(value)}")
        return value
    if hint is float and type(value) is int:
        return float(value)
    # By type(), not isinstance(): True is no number here.
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        raise InvalidSpec(f"{place}: {hint.__name__} is wanted, not {shown(value)}")
    return value
