"""Whether a thing that a plugin gives has the methods and attributes of its protocol, seen before anybody uses it."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def ensure_class_of(protocol: type, thing: Any, what: str) -> None:
    """A class whose objects are to be used as ``protocol``: its methods are there and take what they will be given.

    A function that makes such objects passes unseen. Raises ``ImproperlyConfigured`` with what is wrong.
    """
    if not callable(thing):
        raise ImproperlyConfigured(f"{what} is {thing!r}, which is no class")
    if isinstance(thing, type):
        _ensure_methods(protocol, thing, what, bound=False)


def ensure_object_of(protocol: type, thing: Any, what: str) -> None:
    """An object to be used as ``protocol``: with its attributes, too. Raises ``ImproperlyConfigured``."""
    missing = [name for name in _annotations(protocol) if not _has(thing, name)]
    if missing:
        raise ImproperlyConfigured(f"{what} has no {missing[0]}; {_where(protocol)} says what it must have")
    _ensure_methods(protocol, thing, what, bound=True)


def _ensure_methods(protocol: type, thing: Any, what: str, *, bound: bool) -> None:
    for name, wanted in _methods(protocol).items():
        method = getattr(thing, name, None)
        if not callable(method):
            raise ImproperlyConfigured(f"{what} has no method {name}; {_where(protocol)} says what it must have")
        wrong = _wrong(wanted, method, without_self=bound or _is_bound(thing, name))
        if wrong:
            raise ImproperlyConfigured(
                f"{what} is called as {_call(wanted)}, but its {name} does not allow that: {wrong}"
            )


def _wrong(wanted: Callable[..., Any], method: Callable[..., Any], *, without_self: bool) -> str:
    """Why ``method`` cannot be called with all that ``wanted`` is called with; empty when it can."""
    positional: list[None] = []
    named: dict[str, None] = {}
    for parameter in list(inspect.signature(wanted).parameters.values())[int(without_self) :]:
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[parameter.name] = None
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            positional.append(None)
    try:
        inspect.signature(method).bind(*positional, **named)
    except TypeError as error:
        return str(error)
    except ValueError:  # written in C: it has no signature
        return ""
    return ""


def _call(wanted: Callable[..., Any]) -> str:
    """How a method of a protocol is written, without ``self`` and what it answers."""
    signature = inspect.signature(wanted)
    parameters = list(signature.parameters.values())[1:]
    return f"{wanted.__name__}{signature.replace(parameters=parameters, return_annotation=signature.empty)}"


def _is_bound(cls: type, name: str) -> bool:
    """Whether the method of the class needs no ``self``."""
    return isinstance(inspect.getattr_static(cls, name), staticmethod | classmethod)


def _methods(protocol: type) -> Mapping[str, Callable[..., Any]]:
    return {
        name: member
        for cls in reversed(protocol.__mro__)
        if getattr(cls, "_is_protocol", False)
        for name, member in vars(cls).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


def _has(thing: Any, name: str) -> bool:
    """Without asking a property, which may need what is not there yet: a setting, a table."""
    try:
        inspect.getattr_static(thing, name)
    except AttributeError:
        return hasattr(thing, name)
    return True


def _annotations(protocol: type) -> list[str]:
    return [name for cls in reversed(protocol.__mro__) for name in vars(cls).get("__annotations__", ())]


def _where(protocol: type) -> str:
    return f"{protocol.__module__}.{protocol.__name__}"
