"""What plugins forbid beside roles; see the hook ``register_access_checks``."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from cloudstack.api import registry
from cloudstack.api.params import Ref, RefList
from cloudstack.framework.context import Caller, current_door, source_address
from cloudstack.framework.errors import PermissionDenied
from cloudstack.framework.plugins.manager import pm

if TYPE_CHECKING:
    from cloudstack.api.base import BaseCmd

HOOK = "register_access_checks"


@dataclass(frozen=True, kw_only=True)
class CommandCall:
    """A call that the caller's role allows, all its parameters checked."""

    command: str
    caller: Caller
    door: str
    """``api``, ``rest``, ``admin`` or ``portal``."""
    address: str
    """Where the request came from, if it is known."""
    objects: Mapping[str, tuple[str, ...]]
    """Parameter → UUIDs of the objects that it names; the caller may touch them."""


@dataclass(frozen=True, kw_only=True)
class AccessCheck:
    """``refuse(call)`` answers None, or a sentence that says why the call must not be.

    ``commands`` are names, in which ``*`` stands for any letters and digits. Keep it quick: it runs in each such call.
    """

    name: str
    commands: tuple[str, ...]
    refuse: Callable[[CommandCall], str | None]


_checks: list[tuple[str, AccessCheck, list[re.Pattern[str]]]] = []
_of_command: dict[str, list[tuple[str, AccessCheck]]] = {}


def register_plugin_checks() -> None:
    """Take in what plugins give."""
    pm.take(HOOK, _add, _drop)


def _add(plugin: str, check: Any) -> None:
    if not isinstance(check, AccessCheck):
        raise ImproperlyConfigured(f"{HOOK}: {check!r} is no AccessCheck")
    _checks.append((plugin, check, [registry.compile_rule(one) for one in check.commands]))
    _of_command.clear()


def _drop(check: AccessCheck) -> None:
    _checks[:] = [entry for entry in _checks if entry[1] is not check]
    _of_command.clear()


def ensure_allowed(command: "BaseCmd", caller: Caller | None) -> None:
    """Raises ``PermissionDenied`` with the words of the first check that refuses."""
    name = command.name
    checks = _of_command.get(name)
    if checks is None:
        checks = _of_command[name] = [
            (plugin, check) for plugin, check, patterns in _checks if any(one.fullmatch(name) for one in patterns)
        ]
    if not checks or caller is None or caller.is_system:
        return
    call = CommandCall(
        command=name, caller=caller, door=current_door(), address=source_address(), objects=_objects(command)
    )
    for plugin, check in checks:
        try:
            reason = pm.strict(plugin, HOOK, partial(check.refuse, call))
        except Exception:
            if caller.is_root_admin and _unrestricted(caller):
                continue
            reason = f"the access check {check.name} of plugin {plugin} failed, so that nobody knows whether you may"
        if reason:
            raise PermissionDenied(str(reason))


def _unrestricted(caller: Caller) -> bool:
    from cloudstack.api import authentication

    return authentication.get().is_unrestricted(caller)


def _objects(command: "BaseCmd") -> dict[str, tuple[str, ...]]:
    found = {}
    for attr, param in command.params.items():
        value = getattr(command, attr, None)
        if value and isinstance(param, Ref | RefList):
            values = value if isinstance(value, list | tuple) else [value]
            found[param.wire] = tuple(str(getattr(one, "uuid", one)) for one in values)
    return found
