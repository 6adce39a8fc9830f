"""Reads settings: one statement loads them all, and a process trusts what it read for a few seconds."""

import logging
import time
from typing import Any

from cloudstack.framework.configuration import registry
from cloudstack.framework.configuration.keys import ConfigKey, Scope
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.rehearsal import current
from cloudstack.framework.secrets import decrypt, encrypt

log = logging.getLogger(__name__)

TRUST_S = 5.0

_values: dict[tuple[str, str, str], str] = {}
_read_at: float = -TRUST_S


def _stored() -> dict[tuple[str, str, str], str]:
    global _values, _read_at
    if current() is not None:
        return _read()
    if time.monotonic() - _read_at >= TRUST_S:
        _values = _read()
        _read_at = time.monotonic()
    return _values


def _read() -> dict[tuple[str, str, str], str]:
    rows = ConfigValue.objects.values_list("name", "scope", "scope_uuid", "value")
    return {(name, scope, uuid): value for name, scope, uuid, value in rows}


def set_in(scope: Scope, uuid: str) -> dict[str, str]:
    """Names and texts of the settings that are set for one object of ``scope``; secret ones are left out."""
    found = {name: text for (name, where, whose), text in _stored().items() if whose == uuid and where == scope}
    keys = {name: registry.get(name) for name in found}
    return {name: text for name, text in sorted(found.items()) if (key := keys[name]) is not None and not key.secret}


def forget() -> None:
    """Read again at the next look; called after a change."""
    global _read_at
    _read_at = -TRUST_S


def lookup(key: ConfigKey, scope_uuid: Any, fallback: tuple[tuple[Scope, Any], ...]) -> Any:
    """The value in force of ``key``; see ``ConfigKey.value``."""
    forced = forced_by_plugin(key, scope_uuid)
    if forced is not None:
        return forced
    stored = _stored()
    places = [(key.scope, scope_uuid)] if scope_uuid and key.scope != Scope.GLOBAL else []
    for scope, uuid in (*places, *fallback, (Scope.GLOBAL, "")):
        text = stored.get((key.name, str(scope), str(uuid or "")))
        if text is not None:
            value = _valid(key, reveal(key, text), f"the stored value ({scope})")
            if value is not None:
                return value
    return key.initial


def forced_by_plugin(key: ConfigKey, scope_uuid: Any = None) -> Any:
    """The value that a plugin gives the setting whatever is stored; None when none does."""
    if not pm.hook.override_config_value.get_hookimpls():
        return None
    facts = {"name": key.name, "scope": str(key.scope), "scope_uuid": str(scope_uuid or "")}
    forced = pm.first("override_config_value", **facts)
    return None if forced is None else _valid(key, key.text(forced), "a plugin's override")


def _valid(key: ConfigKey, text: str, what: str) -> Any:
    """The typed value, or None for one that the declaration does not allow: then the next wider one counts."""
    try:
        return key.cast(text)
    except InvalidParameter as error:
        log.error("%s is not used: %s", what, error)
        return None


def conceal(key: ConfigKey, text: str) -> str:
    """What stands in the table for ``text``."""
    return encrypt(text) if key.secret else text


def reveal(key: ConfigKey, stored: str) -> str:
    return decrypt(stored) if key.secret else stored
