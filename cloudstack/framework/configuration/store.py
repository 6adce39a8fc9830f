"""Reads settings: one statement loads them all, and a process trusts what it read for a few seconds."""

import time
from typing import Any

from cloudstack.framework.configuration.keys import ConfigKey, Scope
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.plugins.manager import pm

TRUST_S = 5.0

_values: dict[tuple[str, str, str], str] = {}
_read_at: float = -TRUST_S


def _stored() -> dict[tuple[str, str, str], str]:
    global _values, _read_at
    if time.monotonic() - _read_at >= TRUST_S:
        rows = ConfigValue.objects.values_list("name", "scope", "scope_uuid", "value")
        _values = {(name, scope, uuid): value for name, scope, uuid, value in rows}
        _read_at = time.monotonic()
    return _values


def forget() -> None:
    """Read again at the next look; called after a change."""
    global _read_at
    _read_at = -TRUST_S


def lookup(key: ConfigKey, scope_uuid: Any, fallback: tuple[tuple[Scope, Any], ...]) -> Any:
    """The value in force of ``key``; see ``ConfigKey.value``."""
    if pm.hook.override_config_value.get_hookimpls():
        forced = pm.hook.override_config_value(name=key.name, scope=str(key.scope), scope_uuid=str(scope_uuid or ""))
        if forced is not None:
            return forced
    stored = _stored()
    places = [(key.scope, scope_uuid)] if scope_uuid and key.scope != Scope.GLOBAL else []
    for scope, uuid in (*places, *fallback, (Scope.GLOBAL, "")):
        text = stored.get((key.name, str(scope), str(uuid or "")))
        if text is not None:
            return key.cast(text)
    return key.default
