"""All declared settings by name."""

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins.manager import pm

if TYPE_CHECKING:
    from cloudstack.framework.configuration.keys import ConfigKey

_keys: "dict[str, ConfigKey]" = {}


def register(key: "ConfigKey") -> None:
    """Called by ``ConfigKey`` itself; a name may be declared once."""
    known = _keys.setdefault(key.name, key)
    if known != key:
        raise ImproperlyConfigured(f"setting {key.name} is declared twice, differently")


def get(name: str) -> "ConfigKey | None":
    return _keys.get(name)


def all_keys() -> "list[ConfigKey]":
    return [_keys[name] for name in sorted(_keys)]


def register_plugin_keys() -> None:
    """Import what plugins declare; the keys register themselves when they are made."""
    pm.listed("register_config_keys")
