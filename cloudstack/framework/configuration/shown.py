"""How values of settings may be told: those of secret ones not at all."""

from typing import Any

from cloudstack.framework.configuration import registry
from cloudstack.framework.configuration.keys import ConfigKey
from cloudstack.framework.configuration.models import SettingChange

HIDDEN = "****"


def shown(key: ConfigKey, value: Any) -> str:
    """A value as pages may show it."""
    return HIDDEN if key.secret else key.text(value)


def is_secret(change: SettingChange) -> bool:
    """Whether the setting was secret then, or has become so."""
    key = registry.get(change.name)
    return change.secret or (key is not None and key.secret)


def values_of(change: SettingChange) -> tuple[str, str]:
    """Before and after in words; of secret settings neither."""
    if is_secret(change):
        return HIDDEN, HIDDEN
    unset = "no value of its own" if change.scope_uuid else "default"
    sides = ((change.before, change.before_set), (change.after, change.after_set))
    before, after = (text if is_set else f"{text} ({unset})".strip() for text, is_set in sides)
    return before, after
