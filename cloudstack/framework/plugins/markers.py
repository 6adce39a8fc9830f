"""The two marks of pluggy under our project name."""

from collections.abc import Callable
from typing import Any, TypeVar

import pluggy

F = TypeVar("F", bound=Callable[..., Any])
_LONG = "cloudstack_may_take_long"

PROJECT = "cloudstack"
API_VERSION = 1
"""Version of the plugin interface; a plugin made for another one is refused with a sentence."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


def may_take_long(function: F) -> F:
    """Mark a specification whose work is expected to take its time: nobody waits for it in a request."""
    setattr(function, _LONG, True)
    return function


def takes_long(function: object) -> bool:
    """Whether a specification is marked so."""
    return bool(getattr(function, _LONG, False))
