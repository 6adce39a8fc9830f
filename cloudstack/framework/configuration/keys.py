"""Typed operator settings, declared in code by the component that uses them."""

import enum
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.plugins.manager import pm


class Scope(enum.StrEnum):
    """Where a setting may have a value of its own; every scope falls back to the global value."""

    GLOBAL = "global"
    ZONE = "zone"
    CLUSTER = "cluster"
    POOL = "storagepool"
    IMAGE_STORE = "imagestore"
    DOMAIN = "domain"
    ACCOUNT = "account"


def _to_bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("not true or false")
    return text.lower() == "true"


def _to_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("no finite number")
    return value


CASTS: dict[type, Callable[[str], Any]] = {int: int, float: _to_float, bool: _to_bool, str: str}
WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


RUN = 4
"""So many characters of a secret in a row are a part of it that may be told to nobody."""


def _gives_away(words: str, text: str, value: Any) -> bool:
    """Whether ``words`` hold a secret or a part of it: as it is, as Python quotes it, in other letters' case."""
    told = _without_case(words)
    quoted = repr(text)[1:-1]
    # A part of a text may be quoted in other marks than the whole: then those within it have no backslash.
    for form in {_without_case(form) for form in (text, str(value), quoted, quoted.replace("\\'", "'")) if form}:
        if form in told or any(form[at : at + RUN] in told for at in range(len(form) - RUN + 1)):
            return True
    return False


def _without_case(text: str) -> str:
    return text.upper().casefold()  # some letters have two small forms of one large one


def _component(module: str) -> str:
    """``apps.storage.config`` → ``storage``, ``plugins.storage.directory.x`` → ``plugins.directory``."""
    if plugin := pm.owner(module):
        return f"plugins.{plugin}"
    parts = module.split(".")
    if parts[0] == "plugins":
        return f"plugins.{parts[2] if len(parts) > 2 else parts[-1]}"
    return parts[1] if parts[0] in ("apps", "cloudstack") and len(parts) > 1 else f"plugins.{parts[0]}"


@dataclass(frozen=True)
class ConfigKey:
    """A setting: name, type, default, scope and what it means (with its unit).

    ``secret``: stored encrypted, never shown.
    ``minimum`` and ``maximum`` bound numbers; ``choices`` bounds texts; ``check`` may raise ``ValueError``.
    """

    name: str
    type: type
    default: Any
    description: str
    scope: Scope = Scope.GLOBAL
    category: str = "Advanced"
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    check: Callable[[Any], None] | None = field(default=None, compare=False)
    parent: str = ""
    """Name of the setting that switches what this one is about."""
    component: str = field(default="", compare=False)
    """Who declares it: an app's name, or ``plugins.<name>``. Found out by itself."""

    def __post_init__(self) -> None:
        if not self.component:
            # Frozen: this is part of its birth. Frame 1 is the generated __init__, 2 the declaration.
            object.__setattr__(self, "component", _component(sys._getframe(2).f_globals.get("__name__", "")))
        from cloudstack.framework.configuration.registry import register

        register(self)

    def cast(self, text: str) -> Any:
        """The typed value of ``text``; raises ``InvalidParameter`` that says what would be right."""
        shown = "the value given" if self.secret else repr(text)
        try:
            value = CASTS[self.type](text.strip())
        except ValueError:
            raise self._refusal(f" must be {WORDS[self.type]}, not {shown}") from None
        if self.minimum is not None and value < self.minimum:
            raise self._refusal(f" must be at least {self.minimum:g}, not {shown}")
        if self.maximum is not None and value > self.maximum:
            raise self._refusal(f" must be at most {self.maximum:g}, not {shown}")
        if self.choices and value not in self.choices:
            raise self._refusal(f" must be one of {', '.join(self.choices)}, not {shown}")
        if self.check:
            try:
                self.check(value)
            except ValueError as error:
                words = str(error)
                if self.secret and _gives_away(words, text.strip(), value):
                    words = "is not possible"
                raise self._refusal(f": {words}") from None
        return value

    def _refusal(self, words: str) -> InvalidParameter:
        return InvalidParameter(self.name + words, parameter="value", value="****" if self.secret else "")

    @property
    def initial(self) -> Any:
        """The value where nobody has set one: the default of a plugin's manifest, else the declared one."""
        from cloudstack.framework.configuration.registry import plugin_default

        return plugin_default(self.name, self.default)

    def text(self, value: Any) -> str:
        return str(value).lower() if self.type is bool else str(value)

    def value(self, scope_uuid: Any = None, *, fallback: tuple[tuple[Scope, Any], ...] = ()) -> Any:
        """The value in force: of this scope's object, else of the ``fallback`` scopes, else global, else default."""
        from cloudstack.framework.configuration.store import lookup

        return lookup(self, scope_uuid, fallback)
