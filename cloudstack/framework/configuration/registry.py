"""All declared settings by name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins.manager import pm

if TYPE_CHECKING:
    from cloudstack.framework.configuration.keys import ConfigKey

_keys: "dict[str, ConfigKey]" = {}
_plugin_defaults: dict[str, tuple[str, Any]] = {}
"""Name of the setting → the plugin whose manifest gives it another default, and that default."""


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
    from cloudstack.framework.configuration.keys import ConfigKey

    def ensure_key(key: Any) -> None:
        if not isinstance(key, ConfigKey):
            raise ImproperlyConfigured(f"register_config_keys: {key!r} is no ConfigKey")

    pm.listed("register_config_keys", ensure_key)


def plugin_default(name: str, otherwise: Any) -> Any:
    """The default that the manifest of a plugin in service gives the setting ``name``."""
    plugin, value = _plugin_defaults.get(name, ("", otherwise))
    return value if pm.in_service(plugin) else otherwise


def take_plugin_defaults(plugin: str, values: Mapping[str, Any]) -> None:
    """Let ``values`` of a manifest's ``default_settings`` be the defaults; all of them or, when one is wrong, none.

    Raises ``ImproperlyConfigured`` for a name that no setting has or another plugin has taken, and
    ``InvalidParameter`` for a value that the setting's declaration does not allow.
    """
    taken = {}
    for name, value in values.items():
        key = _keys.get(name)
        if key is None:
            raise ImproperlyConfigured(f"default_settings: there is no setting {name!r}")
        owner, _ = _plugin_defaults.get(name, (plugin, None))
        if owner != plugin and pm.in_service(owner):
            raise ImproperlyConfigured(f"default_settings: plugin {owner} gives {name!r} a default already")
        taken[name] = (plugin, key.cast(key.text(value)))
    _plugin_defaults.update(taken)


def register_manifest_defaults(manifests: Mapping[str, Mapping[str, Any]]) -> None:
    """Plugin → its ``default_settings``; a plugin whose settings cannot be is taken out of service."""
    for plugin, values in manifests.items():
        if values and pm.in_service(plugin):
            try:
                take_plugin_defaults(plugin, values)
            except Exception as error:  # a plugin's fault must not take the portal down
                pm.fail(plugin, str(error))
